import { expect, test } from 'vitest'
import type { Command } from '../../../src/cli/command.js'
import { COMMANDS } from '../../../src/cli/commands.js'
import { completionScript } from '../../../src/cli/completion.js'
import { commandHelp } from '../../../src/cli/help.js'
import { parseInvocation } from '../../../src/cli/parse.js'

const pub: Command = {
  name: 'pub',
  summary: '',
  args: [{ name: 'TOPIC' }, { name: 'BODY', optional: true }],
  flags: [
    { name: 'lines', short: 'l', summary: '' },
    { name: 'header', short: 'H', value: 'K:V', repeatable: true, summary: '' },
    { name: 'timeout', value: 'TIME', summary: '' },
    { name: 'relay', negatable: true, summary: '' },
    { name: 'log-level', value: 'LEVEL', choices: ['debug', 'info'], summary: '' }
  ],
  examples: [],
  run: async () => 0
}

test('flags and arguments can be mixed, shortened, joined and repeated', () => {
  expect(parseInvocation(pub, ['a/b', '-l', '-H', 'x:1', '--header=y:2', '-Hz:3', '--timeout', '5s', '--no-relay', 'body'])).toEqual({
    flags: { lines: true, header: ['x:1', 'y:2', 'z:3'], timeout: '5s', relay: false },
    args: ['a/b', 'body']
  })
})

test('after -- a dash is just a dash, and an empty argument is an argument', () => {
  expect(parseInvocation(pub, ['t', '--', '-5']).args).toEqual(['t', '-5'])
  expect(parseInvocation(pub, ['t', '']).args).toEqual(['t', ''])
})

test.each([
  [['t', '--timout', '5s'], 'unknown flag --timout', 'Did you mean --timeout?'],
  [['t', '--no-relai'], 'unknown flag --no-relai', 'Did you mean --no-relay?'],
  [['t', '--no-lines'], 'unknown flag --no-lines', expect.anything()],
  [['t', '-x'], 'unknown flag -x', 'See skein pub --help.'],
  [['t', '-5'], 'unknown flag -5', 'Put -- before an argument that begins with a dash.'],
  [['t', '--timeout'], '--timeout needs a value', '--timeout TIME'],
  [['t', '--timeout', '1s', '--timeout', '2s'], '--timeout is given twice', expect.anything()],
  [['t', '--lines=yes'], '--lines takes no value', undefined],
  [['t', '--relay=false'], '--relay takes no value', 'Write --relay or --no-relay.'],
  [['t', '--log-level', 'inof'], "--log-level: 'inof' is not possible", "Did you mean 'info'?"],
  [[], 'TOPIC is missing', expect.anything()],
  [['t', 'b', 'c'], "'c' is one argument too many", expect.anything()]
])('%j is a usage error', (words, message, hint) => {
  expect(() => parseInvocation(pub, words)).toThrow(expect.objectContaining({ code: 'ERR_USAGE', message, ...(hint === undefined ? {} : { hint }) }))
})

test('every command explains each of its flags and has an example of its own', async () => {
  for (const [name, load] of Object.entries(COMMANDS)) {
    const command = await load()
    expect(command.name).toBe(name)
    expect(command.examples.length).toBeGreaterThan(0)
    const help = commandHelp(command)
    for (const flag of command.flags) expect(help).toContain(`--${flag.negatable === true ? '[no-]' : ''}${flag.name}`)
    for (const [example] of command.examples) expect(example).toContain(`skein ${name}`)
    const names = command.flags.flatMap((flag) => flag.short === undefined ? [flag.name] : [flag.name, flag.short])
    expect(new Set(names).size).toBe(names.length)
  }
})

test('completion knows every command and flag, in every shell', async () => {
  const commands = await Promise.all(Object.values(COMMANDS).map(async (load) => load()))
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(shell, commands)
    for (const word of ['daemon', 'redrive', 'until', 'bootstrap', 'durable', 'no-relay'].slice(0, shell === 'bash' ? 6 : 5)) expect(script).toContain(word)
  }
})
