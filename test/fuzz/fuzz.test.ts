import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { readVarint } from '../../src/base/varint.js'
import { fuzz, Inputs } from './fuzz.js'
import { SHARE, type Target } from './target.js'
import { removeFiles } from './targets/file-of.js'
import { TARGETS } from './targets/index.js'
import { trial } from './trial.js'

afterAll(removeFiles)

/** Of a target with the usual share; slow ones get less. */
const INPUTS = 1_000
const seed = Number(process.env.SKEIN_SEED ?? randomInt(2 ** 32))

describe(`decoders of bytes from outside, seed ${seed} (SKEIN_SEED)`, () => {
  test.each(TARGETS.map(target => [target.name, target] as const))('%s', async (name, target) => {
    const count = Math.max(16, Math.round(INPUTS * (target.share ?? SHARE) / SHARE))
    const { findings, accepted } = await fuzz(target, { seed, from: 0, count })
    expect(findings.map(({ index, kind, message, input }) => `input ${index}: ${kind}\n${message}\nnpm run fuzz -- --replay ${name}:${Buffer.from(input).toString('base64')}`)).toEqual([])
    // Inputs that are all refused would show nothing. Of a few they may be.
    if (count >= 500) expect(accepted).toBeGreaterThan(count / 50)
  })
})

/** Decodes a length and so many bytes, with `defect` in it. */
const defective = (defect: (bytes: Uint8Array, length: number) => void, ms = 5_000): Target => ({
  name: 'defective', what: 'a decoder with a bug in it', shape: 'bytes', limits: { ms, msPerKib: 0, bytes: 2 ** 22, bytesPerByte: 1 },
  make: draw => Uint8Array.of(4, ...draw.bytes(4)),
  run (bytes) {
    let length
    try {
      length = readVarint(bytes, 0).value
    } catch {
      return false
    }
    defect(bytes, length)
    return length === bytes.length - 1
  }
})

const kindsOf = async (target: Target, count = 4_000): Promise<string[]> => (await fuzz(target, { seed: 1, from: 0, count })).findings.map(({ kind }) => kind)

describe('a decoder with a bug is found', () => {
  test('that throws what it does not say', async () => {
    expect(await kindsOf(defective((bytes, length) => { if (length > bytes.length) (undefined as unknown as { fault: () => void }).fault() }))).toEqual([expect.stringMatching(/^TypeError/)])
  })

  test('that takes a time which does not go with what it reads', async () => {
    expect(await kindsOf(defective((_, length) => { if (length > 1e6) for (const before = process.cpuUsage(); process.cpuUsage(before).user < 60_000;); }, 20), 100)).toEqual(['too slow'])
  })

  test('that makes room for as much as it is told', async () => {
    const kept: unknown[] = []
    const target = defective((_, length) => { if (length > 1e6) kept.push(new Uint8Array(2 ** 23)) })
    const { failure } = await trial(target, Uint8Array.of(0xff, 0xff, 0xff, 0x7f), false, true)
    expect(failure?.kind).toBe('too much memory')
    expect((await trial(target, Uint8Array.of(1, 7), true, true)).failure).toBeUndefined()
  })

  test('that refuses what is right', async () => {
    expect(await kindsOf({ ...defective(() => {}), run: bytes => (bytes[1] ?? 0) < 200 })).toEqual(['a valid input is refused'])
  })

  test('and what it fails at is made small, and fails again', async () => {
    const target = defective((bytes) => { if (bytes.includes(0xff)) throw new TypeError('no') })
    const { findings } = await fuzz({ ...target, make: draw => Uint8Array.of(100, ...draw.bytes(100)) }, { seed: 1, from: 0, count: 200 })
    const [finding] = findings
    expect(finding?.input.length).toBeLessThanOrEqual(2)
    expect(() => target.run(finding?.input as Uint8Array)).toThrow('no')
  })

  test('by a program that says so and fails', async () => {
    const run = promisify(execFile)(process.execPath, [join('test', 'fuzz', 'run.mjs'), '--runs', '300', '--seed', '1', '--target', 'varint'], { env: { ...process.env, SKEIN_PLANT: 'varint-overlong' } })
    const { code, stdout } = await run.then(() => { throw new Error('nothing was found') }, (error: { code: number, stdout: string }) => error)
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([1, expect.stringMatching(/^300 inputs, [1-9]\d* failed$/)])
    expect(stdout).toMatch(/FAILED varint, seed 1, input \d+: it has another form\n {2}npm run fuzz -- --replay varint:/)
  })
})

describe('inputs', () => {
  test('are the same for the same seed and index, wherever one begins', () => {
    const [target] = TARGETS as [Target, ...Target[]]
    const all = Array.from({ length: 50 }, (_, i) => Buffer.from(new Inputs(target, 7).at(i * 100).bytes).toString('hex'))
    const once = new Inputs(target, 7)
    expect(Array.from({ length: 50 }, (_, i) => Buffer.from(once.at(i * 100).bytes).toString('hex'))).toEqual(all)
    expect(new Set(all).size).toBeGreaterThan(40)
  })
})
