import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FaultBench } from '../support/store-fault-bench.js'

const MIB = 1024 * 1024
const COUNT = 300
const BYTES = 20_000

describe('a node whose disk fills up under it', () => {
  let dir: string
  let disk: string
  let bench: FaultBench
  let mounted: boolean
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-fills-'))
    disk = join(dir, 'disk')
    mkdirSync(disk)
    bench = new FaultBench(dir)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk], { stdio: 'ignore' })
      mounted = true
    } catch {
      mounted = false
    }
  })
  afterEach(async () => {
    await bench.close()
    if (mounted) execFileSync('umount', ['-l', disk])
    rmSync(dir, { recursive: true, force: true })
  })

  // Each size lets it fill up at another step.
  test.for([2.1, 3.1, 5.9])('with %d MiB left refuses what finds no room, acks what it has, and takes all when there is room', { timeout: 60_000 }, async (left, { skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const dataDir = join(disk, 'data')
    const made = bench.run({ dataDir, name: 'billing', count: 5, bytes: BYTES, first: 1_000_000 })
    expect((await made.ended()).code, made.stderr).toBe(0)
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(0, Math.floor(bavail * bsize - left * MIB))))
    const run = bench.run({ dataDir, name: 'billing', count: COUNT, bytes: BYTES, retryFull: true, settleMs: 1500 })
    await run.until('a publish that is refused', ({ lines }) => lines.some(line => line.startsWith('refused')))
    // What was published before is handed over and acked with the disk still full.
    await run.until('all acked that was published', () => run.numbers('acked').length === run.numbers('published').length)
    expect(run.numbers('published').length).toBeLessThan(COUNT)
    rmSync(join(disk, 'ballast'))
    const { code, signal } = await run.ended()
    expect({ code, signal }, run.stderr).toEqual({ code: 0, signal: null })
    const { lines } = run
    expect(lines.filter(line => /^(ALTERED|failed|uncaught|damaged|gap|unsettled)/.test(line))).toEqual([])
    expect([...new Set(lines.filter(line => line.startsWith('refused')).map(line => line.split(' ')[2]))]).toEqual(['ERR_STORE_FULL'])
    const all = Array.from({ length: COUNT }, (_, n) => n)
    for (const word of ['published', 'delivered', 'acked']) expect(run.numbers(word).sort((a, b) => a - b), word).toEqual(all)
    // And so it stands on disk: nothing twice, nothing half.
    const audit = bench.run({ dataDir, name: 'audit', bytes: BYTES })
    expect((await audit.ended()).code, audit.stderr).toBe(0)
    expect(audit.numbers('delivered').filter(n => n < COUNT).sort((a, b) => a - b)).toEqual(all)
    expect(audit.lines.filter(line => line.startsWith('ALTERED'))).toEqual([])
  })
})
