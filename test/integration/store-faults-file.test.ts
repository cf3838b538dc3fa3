import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FaultBench, type FaultRun } from '../support/store-fault-bench.js'

const COUNT = 60

describe('a data directory with something wrong in it', () => {
  let dir: string
  let data: string
  let store: string
  let bench: FaultBench
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'skein-file-'))
    data = join(dir, 'data')
    store = join(data, 'store.mdb')
    bench = new FaultBench(dir)
    const first = bench.run({ dataDir: data, name: 'billing', count: COUNT, bytes: 3000, ack: false })
    expect(await first.ended(), first.stderr).toEqual({ code: 0, signal: null })
    expect(first.numbers('published')).toHaveLength(COUNT)
  })
  afterEach(async () => {
    await bench.close()
    rmSync(dir, { recursive: true, force: true })
  })

  /** How a start ends, and with which code. */
  async function start (): Promise<{ run: FaultRun, said: string | undefined }> {
    const run = bench.run({ dataDir: data, name: 'billing', bytes: 3000 })
    const { code, signal } = await run.ended()
    expect(signal, run.stderr).toBeNull()
    const failed = run.last('failed')
    expect(code === 0, run.stderr).toBe(failed === undefined)
    return { run, said: failed }
  }

  test('a store cut short at any length is refused and left as it is, or has all its records', async () => {
    const { size } = statSync(store)
    copyFileSync(store, join(dir, 'whole'))
    for (const length of [0, 1, 100, 4095, 4096, 4200, 8192, 12_288, size >> 1, size - 4096, size - 1]) {
      copyFileSync(join(dir, 'whole'), store)
      truncateSync(store, length)
      const before = readFileSync(store)
      const { run, said } = await start()
      if (said === undefined) expect(run.numbers('delivered').sort((a, b) => a - b), `cut at ${length}`).toEqual(Array.from({ length: COUNT }, (_, n) => n))
      else {
        expect(said, `cut at ${length}`).toBe('ERR_STORE_CORRUPT')
        expect(readFileSync(store).equals(before)).toBe(true)
      }
    }
  }, 120_000)

  test.each([
    ['is missing', 'ERR_KEY_WITHOUT_STORE', () => { rmSync(store) }],
    ['is another program’s', 'ERR_STORE_CORRUPT', () => { writeFileSync(store, 'SQLite format 3\0'.repeat(1000)) }],
    ['is a directory', 'ERR_STORE_FOREIGN', () => {
      rmSync(store)
      mkdirSync(store)
    }],
    ['lost its key', 'ERR_STORE_FOREIGN', () => { rmSync(join(data, 'identity.key')) }]
  ])('a store that %s ends the start with %s, and nothing is made in its place', async (_, code, change) => {
    change()
    const before = existsSync(store) && statSync(store).isFile() ? readFileSync(store) : undefined
    const { said } = await start()
    expect(said).toBe(code)
    if (before !== undefined) expect(readFileSync(store).equals(before)).toBe(true)
    else expect(existsSync(store) && statSync(store).isFile()).toBe(false)
  })

  /** Flips a bit in the bodies of these messages, on disk. */
  async function spoil (path: string, numbers: readonly number[]): Promise<void> {
    const bytes = readFileSync(path)
    const fd = openSync(path, 'r+')
    for (const n of numbers) {
      // Bodies are nothing but hashes, and one of 32 bytes is found once.
      const at = bytes.indexOf(createHash('sha256').update(`${n} 20`).digest())
      expect(at).toBeGreaterThan(0)
      writeSync(fd, Buffer.of((bytes[at] as number) ^ 8), 0, 1, at)
    }
    closeSync(fd)
  }

  test('a batch that was altered on disk is reported and never handed over, and what is whole before it is', async () => {
    await spoil(store, [40, 50])
    const run = bench.run({ dataDir: data, name: 'audit', bytes: 3000, stay: true })
    await run.until('the damage to be found', ({ lines }) => lines.some(line => line.startsWith('damaged')))
    await run.kill()
    expect(run.lines.filter(line => line.startsWith('ALTERED'))).toEqual([])
    expect(run.numbers('delivered').length).toBeGreaterThan(20)
    for (const n of [40, 50]) expect(run.numbers('delivered')).not.toContain(n)
  })

  test('batches that were altered on disk come back from a node that has them, at the publisher and at the subscriber', async () => {
    const publisher = bench.run({ dataDir: data, stay: true })
    await publisher.until('a start', ({ lines }) => lines.some(line => line.startsWith('ready')))
    const there = join(dir, 'subscriber')
    const bootstrap = [publisher.last('ready') ?? '']
    const all = Array.from({ length: COUNT }, (_, n) => n)
    const first = bench.run({ dataDir: there, name: 'billing', bytes: 3000, bootstrap, stay: true })
    await first.until('all to come', () => first.numbers('acked').length === COUNT)
    // At the publisher: it asks the subscriber for what it has written itself.
    await publisher.kill()
    await spoil(store, [3, 17, 40])
    const again = bench.run({ dataDir: data, name: 'audit', bytes: 3000, bootstrap: [first.last('ready') ?? ''], stay: true })
    await again.until('all to come back', () => again.numbers('acked').length === COUNT)
    expect(again.numbers('damaged').length).toBeGreaterThan(0)
    expect(again.numbers('delivered').sort((a, b) => a - b)).toEqual(all)
    // At the subscriber: another subscription of it reads what the first has.
    await first.kill()
    await spoil(join(there, 'store.mdb'), [5, 44])
    const audit = bench.run({ dataDir: there, name: 'audit', bytes: 3000, bootstrap: [again.last('ready') ?? ''], stay: true })
    await audit.until('all to come back', () => audit.numbers('acked').length === COUNT)
    expect(audit.numbers('damaged').length).toBeGreaterThan(0)
    expect(audit.numbers('delivered').sort((a, b) => a - b)).toEqual(all)
    for (const run of [again, audit]) expect(run.lines.filter(line => /^(ALTERED|gap)/.test(line))).toEqual([])
  }, 120_000)

  describe('on a file system of its own', () => {
    let mounted: boolean
    beforeEach(() => {
      const disk = join(dir, 'disk')
      mkdirSync(disk)
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk], { stdio: 'ignore' })
        mounted = true
      } catch {
        mounted = false
        return
      }
      execFileSync('cp', ['-a', data, disk])
      data = join(disk, 'data')
      store = join(data, 'store.mdb')
    })
    afterEach(() => { if (mounted) execFileSync('umount', ['-l', join(dir, 'disk')]) })

    test('that is read-only, the start is refused; writable again, it has all', async ({ skip }) => {
      if (!mounted) return skip('mounting needs root')
      execFileSync('mount', ['-o', 'remount,ro', join(dir, 'disk')])
      expect((await start()).said).toBe('ERR_DATA_DIR_UNUSABLE')
      execFileSync('mount', ['-o', 'remount,rw', join(dir, 'disk')])
      const { run, said } = await start()
      expect(said).toBeUndefined()
      expect(run.numbers('delivered')).toHaveLength(COUNT)
    })

    test('that is taken away under a running node: what it said is done is on the disk when it is back', async ({ skip }) => {
      if (!mounted) return skip('mounting needs root')
      const run = bench.run({ dataDir: data, name: 'billing', first: 1000, count: 300, bytes: 3000, stay: true })
      await run.until('publishes', () => run.numbers('published').length > 20)
      renameSync(data, join(dir, 'disk', 'elsewhere'))
      await run.until('all to be published, or the node to stop', ({ lines }) => run.numbers('published').length === 300 || lines.some(line => line.startsWith('failed')))
      await run.kill()
      renameSync(join(dir, 'disk', 'elsewhere'), data)
      const again = bench.run({ dataDir: data, name: 'audit', bytes: 3000 })
      expect((await again.ended()).code, again.stderr).toBe(0)
      const had = new Set(again.numbers('delivered'))
      expect(run.numbers('published').filter(n => !had.has(n))).toEqual([])
    })
  })

  test('that was deleted under a running node: the node stops', async () => {
    const run = bench.run({ dataDir: data, name: 'billing', first: 1000, count: 10_000_000, bytes: 3000, stay: true })
    await run.until('publishes', () => run.numbers('published').length > 50)
    rmSync(data, { recursive: true })
    expect(await run.ended(), run.stderr).toEqual({ code: 1, signal: null })
    expect(run.last('failed')).toBe('ERR_STORE')
    const { lines } = run
    expect(lines.slice(lines.indexOf('failed ERR_STORE')).filter(line => /^(published|acked) /.test(line))).toEqual([])
  })

  test('that may not be read ends the start', async ({ skip }) => {
    if (process.getuid?.() === 0) return skip('root may read everything')
    chmodSync(store, 0)
    expect((await start()).said).toBe('ERR_STORE')
  })
})
