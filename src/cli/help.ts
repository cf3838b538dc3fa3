/** The texts of `--help`. */
import { COMMANDS } from './commands.js'
import type { ArgumentSpec, Command, FlagSpec } from './command.js'

const FLAG_WIDTH = 30

export async function overview (): Promise<string> {
  return `Usage: skein COMMAND

Messages between processes without a broker, kept on disk until they have arrived.

Commands:
${await summaries(Object.keys(COMMANDS))}

  skein COMMAND --help explains a command, skein --version tells the version.

Examples:
  skein daemon                            Run a node on this machine.
  skein sub 'greetings/#'                 Listen.
  skein pub greetings/hello 'Hello, mesh' Publish.

Every setting can also be given as SKEIN_… in the environment, or in --config FILE. A flag wins over both.
Exit status: 0 done, 1 failed, 2 usage, 69 unreachable, 75 try again, 77 not permitted, 78 bad configuration,
124 timed out, 128+n signal n.
`
}

/** Of a group such as `dead`. */
export async function groupHelp (group: string): Promise<string> {
  return `Usage: skein ${group} COMMAND

Commands:
${await summaries(Object.keys(COMMANDS).filter((name) => name.startsWith(`${group} `)))}

  skein ${group} COMMAND --help explains a command.
`
}

async function summaries (names: readonly string[]): Promise<string> {
  const commands = await Promise.all(names.flatMap((name) => COMMANDS[name]?.() ?? []))
  return commands.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`).join('\n')
}

export function commandHelp ({ name, summary, text, args = [], flags, examples }: Command): string {
  return [
    `Usage: skein ${name}${args.map(argumentText).join('')} [FLAGS]`,
    '',
    summary,
    ...(text === undefined ? [] : [text]),
    '',
    'Flags:',
    ...flags.map(flagText),
    '',
    'Examples:',
    ...examples.flatMap(([command, meaning]) => [`  ${command}`, `      ${meaning}`]),
    ''
  ].join('\n')
}

function argumentText ({ name, optional, repeatable }: ArgumentSpec): string {
  const shown = `${name}${repeatable === true ? '…' : ''}`
  return optional === true ? ` [${shown}]` : ` ${shown}`
}

function flagText ({ name, short, value, summary, repeatable, negatable, choices }: FlagSpec): string {
  const shown = `  ${short === undefined ? '    ' : `-${short}, `}--${negatable === true ? '[no-]' : ''}${name}${value === undefined ? '' : ` ${value}`}`
  const more = [...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]), ...(repeatable === true ? ['Can be repeated.'] : [])]
  const explained = [summary, ...more].join(' ')
  return shown.length < FLAG_WIDTH ? `${shown.padEnd(FLAG_WIDTH)} ${explained}` : `${shown}\n${' '.repeat(FLAG_WIDTH)} ${explained}`
}
