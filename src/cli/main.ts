#!/usr/bin/env node
/** The `skein` command. It loads what the command needs and no more. */
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { SkeinError } from '../base/errors.js'
import { didYouMean, didYouMeanHint } from '../daemon/did-you-mean.js'
import type { Command, Context } from './command.js'
import { COMMANDS } from './commands.js'
import { Output } from './output.js'
import { parseInvocation } from './parse.js'
import { describe, exitStatusOf } from './report.js'

/** A command was told to stop by this signal. */
class Interrupted extends Error {
  constructor (readonly signal: NodeJS.Signals) { super(signal) }

  get exitStatus (): number { return 128 + constants.signals[this.signal] }
}

const TERMINALS = [0, 1, 2].filter((fd) => isatty(fd))

async function run (words: readonly string[], context: Context): Promise<number> {
  const [head = '', ...rest] = words
  if (head === '--version' || head === '-V') {
    const { readVersion } = await import('./version.js')
    await context.out.line(readVersion())
    return 0
  }
  if (head === '' || head === '--help' || head === '-h' || head === 'help') return await help(rest, context, head === '')
  if (actionsOf(head).length > 0 && isHelp(rest[0])) return await help([head], context, false)
  const { command, words: own } = await find(head, rest)
  if (own.slice(0, flagEnd(own)).some(isHelp)) {
    const { commandHelp } = await import('./help.js')
    await context.out.write(commandHelp(command))
    return 0
  }
  return await command.run(parseInvocation(command, own), context)
}

async function help (words: readonly string[], context: Context, asError: boolean): Promise<number> {
  const { overview, groupHelp, commandHelp } = await import('./help.js')
  if (asError) {
    context.error((await overview()).trimEnd())
    return 2
  }
  const [head, ...rest] = words
  if (head === undefined) await context.out.write(await overview())
  else if (rest.length === 0 && actionsOf(head).length > 0) await context.out.write(await groupHelp(head))
  else await context.out.write(commandHelp((await find(head, rest)).command))
  return 0
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h'

/** Of a group such as `dead` what can follow it; of anything else nothing. */
const actionsOf = (head: string): string[] => Object.keys(COMMANDS).flatMap((name) => name.startsWith(`${head} `) ? [name.slice(head.length + 1)] : [])

async function find (head: string, rest: readonly string[]): Promise<{ command: Command, words: readonly string[] }> {
  const single = Object.hasOwn(COMMANDS, head) ? COMMANDS[head] : undefined
  if (single !== undefined) return { command: await single(), words: rest }
  const actions = actionsOf(head)
  if (actions.length === 0) {
    const heads = Object.keys(COMMANDS).map((name) => name.split(' ')[0] ?? '')
    throw new SkeinError('ERR_USAGE', head.startsWith('-') ? `unknown flag ${head}` : `unknown command '${head}'`, { hint: didYouMeanHint(head, heads, 'See skein --help.') ?? '' })
  }
  const [action = '', ...words] = rest
  const load = COMMANDS[`${head} ${action}`]
  if (load !== undefined) return { command: await load(), words }
  const hint = `Use skein ${head} ${actions.join(` or skein ${head} `)}.`
  if (action === '' || action.startsWith('-')) throw new SkeinError('ERR_USAGE', `skein ${head} what?`, { hint })
  const near = didYouMean(action, actions)
  throw new SkeinError('ERR_USAGE', `unknown command '${head} ${action}'`, { hint: near === undefined ? hint : `Did you mean '${head} ${near}'?` })
}

/** What comes after `--` is no flag. */
function flagEnd (words: readonly string[]): number {
  const end = words.indexOf('--')
  return end < 0 ? words.length : end
}

async function main (): Promise<void> {
  const words = process.argv.slice(2)
  const debug = words.some((word, i) => word === '--log-level=debug' || (word === '--log-level' && words[i + 1] === 'debug')) || process.env['SKEIN_LOG_LEVEL'] === 'debug'
  const aborter = new AbortController()
  // The daemon has a way of its own to stop.
  for (const signal of words[0] === 'daemon' ? [] : ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (aborter.signal.aborted) process.exit(128 + constants.signals[signal])
      aborter.abort(new Interrupted(signal))
    })
  }
  const tell = (text: string): void => { try { process.stderr.write(`${text}\n`) } catch { /* nobody reads */ } }
  process.stderr.on('error', () => {})
  const context: Context = {
    env: process.env,
    out: new Output(),
    signal: aborter.signal,
    note: (line) => tell(`skein: ${line}`),
    error: tell
  }
  const fault = (error: unknown): void => {
    tell(describe(error, debug))
    process.exit(1)
  }
  if (words[0] !== 'daemon') process.on('uncaughtException', fault).on('unhandledRejection', fault)
  let status: number
  try {
    status = await run(words, context)
  } catch (error) {
    if (error instanceof Interrupted) {
      status = error.exitStatus
    } else {
      tell(describe(error, debug))
      status = exitStatusOf(error)
    }
  }
  leave(status)
}

/** A library that keeps a timer must not keep the command. */
function leave (status: number): void {
  // Node aborts with a core dump when it exits after its terminal has gone. A hang-up is what this is.
  if (!TERMINALS.every((fd) => isatty(fd))) {
    process.removeAllListeners('SIGHUP')
    process.kill(process.pid, 'SIGHUP')
  }
  process.exit(status)
}

await main()
