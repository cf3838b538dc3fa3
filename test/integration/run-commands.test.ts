/** The programs that test for long: what becomes of them when somebody stops them, and of wrong usage. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Program { readonly name: string, readonly args: readonly string[], readonly children: number }
const SIMULATE: Program = { name: 'simulation', args: ['--seeds', '1000000', '--jobs', '2', '--quiet'], children: 2 }
const PLANTED: Program = { name: 'planted', args: ['--only', 'receipt-not-passed-on', '--by', 'simulation', '--no-control'], children: 2 }
const PLANTED_TESTS: Program = { name: 'planted', args: ['--only', 'plus-matches-many', '--by', 'test/simulation/seeds.test.ts', '--no-control'], children: 2 }
const CHAOS: Program = { name: 'chaos', args: ['--minutes', '5', '--nodes', '3', '--loopback'], children: 3 }
const FUZZ: Program = { name: 'fuzz', args: ['--runs', '50000000', '--seed', '1', '--target', 'varint'], children: 1 }

let dir = ''
let child: ChildProcess | undefined
let out = ''
let err = ''
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-run-')) })
afterEach(() => {
  if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

/** A group of its own, as a shell gives one to what is typed. What it makes for the time being lies in `dir`. */
function start ({ name, args }: Pick<Program, 'name' | 'args'>): Promise<number> {
  const started = spawn(process.execPath, [join(ROOT, 'test', name, 'run.mjs'), ...args], { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: dir } })
  child = started
  out = ''
  err = ''
  started.stdout.on('data', (chunk: Buffer) => { out += chunk.toString() })
  started.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
  // Whoever goes by a signal has the status that a shell tells of it.
  return new Promise((resolve, reject) => { started.on('error', reject).on('close', (status, signal) => { resolve(signal === null ? status ?? -1 : 128 + constants.signals[signal]) }) })
}

async function until (what: string, holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}\n${out}${err}`)
    await new Promise(resolve => { setTimeout(resolve, 20) })
  }
}

/** Processes below this one, by `/proc`. Of a program that is being started it is not counted yet. */
function below (pid: number): number[] {
  const parents = new Map(readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap((name): Array<[number, number]> => {
    try {
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
      return [[Number(name), Number(parent)]]
    } catch {
      return []
    }
  }))
  const found = [pid]
  for (const at of found) for (const [each, parent] of parents) if (parent === at) found.push(each)
  return found.slice(1)
}

/** Those of them that run the program they are for: before, they still belong to the one that starts them, which waits for that. */
const fuzzing = (pid: number): number[] => below(pid).filter((each) => {
  try {
    return readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('child.mjs')
  } catch {
    return false
  }
})

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe.skipIf(process.platform !== 'linux')('stopped by SIGINT', () => {
  test.each([
    ['simulate', 'Ctrl-C', SIMULATE], ['simulate', 'a signal to it alone', SIMULATE], ['planted', 'Ctrl-C', PLANTED], ['planted', 'a signal to it alone', PLANTED], ['planted', 'Ctrl-C', PLANTED_TESTS], ['chaos', 'Ctrl-C', CHAOS]
  ])('npm run %s ends with status 130 after %s, with all that it started and made', async (_name, how, program) => {
    const ended = start(program)
    const pid = child?.pid as number
    await until('its children run', () => below(pid).length >= program.children)
    const started = below(pid)
    process.kill(how === 'Ctrl-C' ? -pid : pid, 'SIGINT')
    expect(await ended, out + err).toBe(130)
    await until('its children are gone', () => !started.some(isThere), 15_000)
    expect(readdirSync(dir)).toEqual([])
  })

  test('npm run fuzz finishes what is under way and tells what came of it', async () => {
    const ended = start(FUZZ)
    const pid = child?.pid as number
    await until('it runs', () => out.includes('seed 1, up to 50000000 inputs') && fuzzing(pid).length >= 1)
    const started = below(pid)
    process.kill(-pid, 'SIGINT')
    expect(await ended, out + err).toBe(0)
    await until('its children are gone', () => !started.some(isThere))
    const [, inputs] = /\n(\d+) inputs, 0 failed\n$/.exec(out) ?? []
    expect(Number(inputs)).toBeLessThan(50_000_000)
    expect(readdirSync(dir)).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux')('npm run fuzz ends at once with status 130', () => {
  test('after Ctrl-C before it has anything to tell', async () => {
    const ended = start(FUZZ)
    await until('it makes ready', () => readFileSync(`/proc/${child?.pid}/maps`, 'utf8').includes('rolldown'))
    process.kill(-(child?.pid as number), 'SIGINT')
    expect(await ended, out + err).toBe(130)
    expect(out).toBe('')
  })

  test('after more than one Ctrl-C, with all that it started', async () => {
    const ended = start(FUZZ)
    const pid = child?.pid as number
    await until('it runs', () => out.includes('seed 1, up to') && fuzzing(pid).length >= 1)
    const started = fuzzing(pid)
    // While the process that does the work is stopped it finishes nothing.
    for (const each of started) process.kill(each, 'SIGSTOP')
    await until('it ends', () => !isThere(pid) || !process.kill(-pid, 'SIGINT'))
    expect(await ended, out + err).toBe(130)
    await until('its children are gone', () => !started.some(isThere))
  })
})

describe('npm run fuzz', () => {
  test.each([
    [['--runs', '0'], '--runs must be a whole number of at least 1, not "0"'], [['--runs', 'many'], '--runs must be'], [['--jobs', ''], '--jobs must be'], [['--seed', '-1'], '--seed'],
    [['--replay', 'varint'], '--replay takes TARGET:BASE64'], [['--nope'], "Unknown option '--nope'"], [['more'], 'positional']
  ])('says what is wrong with %j in a line, with status 2', async (args, said) => {
    expect(await start({ name: 'fuzz', args })).toBe(2)
    expect(err).toContain(said)
    expect(err).toMatch(/^fuzz: .+\n$/)
    expect(out).toBe('')
  })

  test('does so with a target that there is not', async () => {
    expect(await start({ name: 'fuzz', args: ['--target', 'nothing'] })).toBe(2)
    expect(err).toBe('fuzz: no such target: nothing (--list shows them)\n')
  })

  test('ends with how many inputs there were and how many failed', async () => {
    expect(await start({ name: 'fuzz', args: ['--runs', '500', '--seed', '1', '--target', 'varint'] })).toBe(0)
    expect(out).toMatch(/\n500 inputs, 0 failed\n$/)
  })
})
