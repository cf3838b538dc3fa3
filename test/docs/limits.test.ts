import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as baseLimits from '../../src/base/limits.js'
import * as inboxLimits from '../../src/inbox/limits.js'
import * as networkLimits from '../../src/network/network-limits.js'
import { DEFAULTS } from '../../src/node/options.js'
import { RETENTION_AGE_MS, RETENTION_BYTES } from '../../src/outbox/retention-rules.js'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const doc = readFileSync(join(ROOT, 'docs/limits.md'), 'utf8')

interface Row { readonly name: string, readonly value: number, readonly unit: string, readonly file: string, readonly effect: string }

const rows = doc.split('\n').flatMap((line): Row[] => {
  const [, name = '', value = '', unit = '', file = '', effect = ''] = line.split('|').map(cell => cell.trim())
  const constant = /^`([A-Z][A-Z0-9_]*)`$/.exec(name)?.[1]
  return constant === undefined ? [] : [{ name: constant, value: Number(value.replaceAll(',', '')), unit, file: file.replaceAll('`', ''), effect }]
})

/** Constants of a source file with the expressions they are made of. */
function constantsOf (file: string): Map<string, string> {
  const path = join(ROOT, 'src', file)
  const source = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return new Map([...source.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*) = ([\w */+.()-]+)$/gm)].map(([, name = '', expression = '']) => [name, expression]))
}

/** Files of src and the constants in them whose names say that they are a most: also those within classes and functions. */
const mosts = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts')).flatMap(path => {
  const source = readFileSync(join(ROOT, 'src', path), 'utf8')
  return [...source.matchAll(/\b(?:const|readonly) #?([A-Z][A-Z0-9_]*_(?:MAX(?:_[A-Z0-9_]+)?|REMEMBERED))\b/g)].map(([, name = '']): [string, string] => [name, path.replaceAll(sep, '/')])
})

/** The value of sums, products, quotients and powers of numbers and of constants of the same file. */
function valueOf (expression: string, constants: ReadonlyMap<string, string>): number {
  const power = /^(\w+) \*\* (\w+)(?: - (\w+))?$/.exec(expression)
  if (power !== null) return Number(power[1]) ** Number(power[2]) - Number(power[3] ?? 0)
  const term = (text: string): number => text.split(/([*/])/).reduce<{ value: number, operator: string }>(({ value, operator }, part) => {
    if (part === '*' || part === '/') return { value, operator: part }
    const word = part.trim()
    const known = constants.get(word)
    const factor = known === undefined ? Number(word.replaceAll('_', '')) : valueOf(known, constants)
    return { value: operator === '/' ? value / factor : value * factor, operator }
  }, { value: 1, operator: '*' }).value
  return expression.split('+').reduce((sum, part) => sum + term(part), 0)
}

describe('the tables', () => {
  test('are read', () => {
    expect(rows.length).toBeGreaterThan(80)
    expect(rows.find(({ name }) => name === 'TOPIC_LEVELS_MAX')).toMatchObject({ value: 16, file: 'base/limits.ts' })
  })

  test('expressions are valued', () => {
    expect(valueOf('7 * 24 * 3_600_000', new Map())).toBe(604_800_000)
    expect(valueOf('A + 4 * 1024', new Map([['A', '1024 * 2']]))).toBe(6144)
    expect(valueOf('1 / 64', new Map())).toBe(1 / 64)
    expect(valueOf('2 ** 31 - 1', new Map())).toBe(2_147_483_647)
  })

  test.each(rows)('$name of $file is $value', ({ name, value, file, unit, effect }) => {
    const constants = constantsOf(file)
    const expression = constants.get(name)
    expect(expression, `${name} does not stand in src/${file}`).toBeDefined()
    expect(value).toBe(valueOf(expression ?? '', constants))
    expect(unit).not.toBe('')
    expect(effect.length).toBeGreaterThan(5)
  })

  test('have each constant of the source that says what the most is', () => {
    expect(mosts.length).toBeGreaterThan(100)
    expect(mosts.filter(([name, file]) => !rows.some(row => row.name === name && row.file === file)).map(([name, file]) => `${name} of ${file}`)).toEqual([])
  })

  test('have each constant once', () => {
    const seen = rows.map(({ name, file }) => `${name} of ${file}`)
    expect(seen.filter((name, at) => seen.indexOf(name) !== at)).toEqual([])
  })

  test.each([
    ['base/limits.ts', baseLimits], ['inbox/limits.ts', inboxLimits], ['network/network-limits.ts', networkLimits]
  ])('have everything that stands in %s', (file, module) => {
    const named = rows.filter(row => row.file === file).map(({ name }) => name)
    expect(Object.keys(module).filter(name => !name.startsWith('PROTOCOL_VERSION')).sort()).toEqual(named.sort())
    for (const [name, value] of Object.entries(module)) if (named.includes(name)) expect(rows.find(row => row.file === file && row.name === name)?.value).toBe(value)
  })
})

test('the defaults of options are those of the code', () => {
  const line = (option: string): string => doc.split('\n').find(text => text.startsWith('| ') && text.includes(`\`${option}\``)) ?? ''
  const { backoffMs, backoffMaxMs, drainTimeoutMs, ackTimeoutMs, maxAttempts, maxInFlight, messageBytesMax, publishWaitMs, mesh, listen } = DEFAULTS
  for (const [option, value] of Object.entries({ ackTimeoutMs, maxAttempts, maxInFlight, messageBytesMax, publishWaitMs, backoffMs, backoffMaxMs, 'retention.ageMs': RETENTION_AGE_MS, 'retention.bytes': RETENTION_BYTES })) {
    expect(line(option), option).toContain(value.toLocaleString('en-US'))
  }
  expect(line('drain({ timeoutMs })')).toContain(drainTimeoutMs.toLocaleString('en-US'))
  expect(line('mesh')).toContain(`\`${mesh}\``)
  expect(line('listen')).toContain(`\`${listen[0]}\``)
})
