import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileShim, NO_SHIM } from '../support/disk-shim.js'
import { FaultBench, type FaultRun } from '../support/store-fault-bench.js'

const COUNT = 400

/** What two runs on one directory must have said, of which the first ended by a fault and the second has read all there is. */
function expectNothingLost (first: FaultRun, second: FaultRun): void {
  const delivered = second.numbers('delivered')
  const acked = new Set(first.numbers('acked'))
  expect(second.lines.filter(line => line.startsWith('ALTERED'))).toEqual([])
  expect(new Set(delivered).size, 'each once').toBe(delivered.length)
  expect(delivered.filter(n => acked.has(n)), 'nothing again that was acked').toEqual([])
  const had = new Set([...first.numbers('delivered'), ...delivered])
  expect(first.numbers('published').filter(n => !had.has(n)), 'all that was published').toEqual([])
}

describe('a node whose disk fails', () => {
  let dir: string
  let bench: FaultBench
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-fsync-'))
    bench = new FaultBench(dir)
  })
  afterEach(async () => {
    await bench.close()
    rmSync(dir, { recursive: true, force: true })
  })

  test.for<[string, string]>([
    ['flush', 'sync:8'], ['flush, later', 'sync:40'], ['flush, once only', 'sync:25:once'], ['write of a head page', 'head:20'], ['write of a head page, once only', 'head:33:once'], ['write', 'write:200'], ['write, once only', 'write:111:once'], ['write of the journal', 'journal:40'], ['write of the journal, once only', 'journal:300:once']
  ])('at a %s stops, says nothing is done any more, and has all that it said when it starts again', { timeout: 60_000 }, async ([, fail], { skip }) => {
    const shim = compileShim(dir)
    if (shim === undefined) return skip(NO_SHIM)
    const dataDir = join(dir, 'data')
    const first = bench.run({ dataDir, name: 'billing', count: 100_000, bytes: 700, stay: true }, { LD_PRELOAD: shim, DISK_SHIM_FILE: '/store.mdb', DISK_SHIM_FAIL: fail })
    const ended = await first.ended()
    const { lines } = first
    const at = lines.indexOf('failed ERR_STORE')
    // LMDB's binding (lmdb 3.5) writes its messages about a failed write past the end of a buffer, of which the process may die: at once, or when it ends.
    const died = fail.startsWith('write') && ended.signal === 'SIGABRT' && first.stderr.includes('Write error: ')
    if (!died) {
      expect(ended, first.stderr).toEqual({ code: 1, signal: null })
      expect(at, lines.slice(-3).join(', ')).toBeGreaterThan(0)
    }
    expect(lines.slice(at < 0 ? lines.length : at).filter(line => /^(published|acked) /.test(line)), 'nothing is well after the fault').toEqual([])
    expect(lines.filter(line => line.startsWith('refused')).every(line => line.endsWith(' ERR_STORE') || line.endsWith(' ERR_CLOSED'))).toBe(true)
    expect(lines.filter(line => line.startsWith('uncaught'))).toEqual([])
    const second = bench.run({ dataDir, name: 'billing', first: 200_000, count: COUNT, bytes: 700 })
    expect(await second.ended()).toEqual({ code: 0, signal: null })
    expect(second.numbers('published')).toHaveLength(COUNT)
    expect(second.lines.filter(line => /^(damaged|gap|refused)/.test(line))).toEqual([])
    expectNothingLost(first, second)
  })
})
