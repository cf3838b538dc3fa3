/** Turns words of the command line into flags and arguments, by what the command takes. */
import { parseArgs } from 'node:util'
import { SkeinError } from '../base/errors.js'
import { didYouMean } from '../daemon/did-you-mean.js'
import type { Command, FlagSpec, Invocation } from './command.js'

export function parseInvocation (command: Command, words: readonly string[]): Invocation {
  const { flags: specs } = command
  const options = Object.fromEntries(specs.map(({ name, short, value }) => [name, {
    type: value === undefined ? 'boolean' as const : 'string' as const,
    multiple: true,
    ...(short === undefined ? {} : { short })
  }]))
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true })
  const flags: Record<string, string | string[] | boolean> = {}
  const args: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') args.push(token.value)
    if (token.kind === 'option') take(command, flags, token.name, token.rawName, token.value)
  }
  checkArguments(command, args)
  return { flags, args }
}

function take (command: Command, flags: Record<string, string | string[] | boolean>, name: string, written: string, value: string | undefined): void {
  const { flags: specs } = command
  const negated = specs.find((spec) => spec.negatable === true && name === `no-${spec.name}`)
  const spec = negated ?? specs.find((candidate) => candidate.name === name)
  if (spec === undefined) throw unknownFlag(command, written)
  if (spec.value === undefined) {
    if (value !== undefined) throw usage(command, `${written} takes no value`, negatedHint(spec))
    flags[spec.name] = negated === undefined
    return
  }
  if (value === undefined) throw usage(command, `${written} needs a value`, `${written} ${spec.value}`)
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const near = didYouMean(value, spec.choices)
    throw usage(command, `${written}: '${value}' is not possible`, near === undefined ? `Use one of ${spec.choices.join(', ')}.` : `Did you mean '${near}'?`)
  }
  if (spec.repeatable === true) {
    flags[spec.name] = [...(flags[spec.name] as string[] | undefined ?? []), value]
  } else if (flags[spec.name] === undefined) {
    flags[spec.name] = value
  } else {
    throw usage(command, `${written} is given twice`)
  }
}

function checkArguments (command: Command, args: readonly string[]): void {
  const { args: specs = [] } = command
  const missing = specs.find((spec, i) => spec.optional !== true && i >= args.length)
  if (missing !== undefined) throw usage(command, `${missing.name} is missing`)
  const extra = specs.at(-1)?.repeatable === true ? undefined : args[specs.length]
  if (extra !== undefined) throw usage(command, `'${extra}' is one argument too many`, 'Put a text with spaces in quotes.')
}

function unknownFlag (command: Command, written: string): SkeinError {
  const names = command.flags.flatMap(({ name, negatable }) => negatable === true ? [name, `no-${name}`] : [name])
  const near = written.startsWith('--') ? didYouMean(written.slice(2), names) : undefined
  const otherwise = /^-\d/.test(written) ? `Put -- before an argument that begins with a dash.` : undefined
  return usage(command, `unknown flag ${written}`, near === undefined ? otherwise : `Did you mean --${near}?`)
}

const negatedHint = ({ name, negatable }: FlagSpec): string | undefined => negatable === true ? `Write --${name} or --no-${name}.` : undefined

export function usage (command: Pick<Command, 'name'>, message: string, hint = `See skein ${command.name} --help.`): SkeinError {
  return new SkeinError('ERR_USAGE', message, { hint })
}
