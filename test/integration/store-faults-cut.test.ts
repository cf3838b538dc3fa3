import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isSkeinError } from '../../src/base/errors.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import { compileShim, NO_SHIM, parseLog, type DiskOp } from '../support/disk-shim.js'
import { JOURNALS, lastWhole, makeFirstCommit, SIZE } from '../support/store-commits.js'
import { seededRandom } from '../contract/network-clock.js'

const WRITER = fileURLToPath(new URL('../support/store-writer.mjs', import.meta.url))
const COMMITS = 150
/** More by hand: `SKEIN_CUTS=5000 npx vitest run test/integration/store-faults-cut.test.ts`. */
const CUTS = Number(process.env.SKEIN_CUTS ?? 150)
const SECTOR = 512

/** The store file, and its journal where there is one. */
type Files = readonly [store: Buffer, journal: Buffer]

describe('a store whose power is cut', () => {
  let dir: string
  let path: string
  beforeEach(() => {
    dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skein-cut-'))
    path = join(dir, 'store.mdb')
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  /** Lets a writer write, and tells what it did to the file and what it said, in order. Before that the file was as `base`. */
  async function written (shim: string, journalBytes: number): Promise<{ base: Files, ops: DiskOp[] }> {
    await makeFirstCommit(path, journalBytes)
    const base: Files = [readFileSync(path), journalBytes === 0 ? Buffer.alloc(0) : readFileSync(`${path}-journal`)]
    const said = join(dir, 'said')
    const child = spawn(process.execPath, [WRITER, path, '1', `${SIZE}`, `${journalBytes}`, said], {
      env: { ...process.env, LD_PRELOAD: shim, DISK_SHIM_FILE: '/store.mdb', DISK_SHIM_LOG: join(dir, 'log'), DISK_SHIM_TEXT: '/said' }, stdio: ['ignore', 'inherit', 'inherit']
    })
    const timer = setInterval(() => { if (existsSync(said) && statSync(said).size > COMMITS * 4) child.kill('SIGKILL') }, 2)
    await once(child, 'close')
    clearInterval(timer)
    return { base, ops: parseLog(readFileSync(join(dir, 'log'))) }
  }

  /**
   * The files as they are found after the power went at operation `cut`: all that was durable, and of the rest what chance has
   * left: some writes, and of some only a few sectors. `liar`: a disk that confirms what it has not written.
   */
  function image (base: Files, ops: readonly DiskOp[], cut: number, random: () => number, liar: boolean): { files: Files, said: number } {
    const ends = base.map(({ length }) => length)
    const files = base.map((bytes, n) => {
      let size = bytes.length
      for (const { kind, journal, offset, bytes } of ops.slice(0, cut + 1)) if (kind !== 'T' && journal === (n === 1)) size = Math.max(size, offset + bytes.length)
      const file = Buffer.alloc(size)
      bytes.copy(file)
      return file
    })
    let said = 0
    let pending: DiskOp[] = []
    const put = ({ journal, offset, bytes }: DiskOp, chance: number): void => {
      const n = journal ? 1 : 0
      for (let at = 0; at < bytes.length;) {
        const next = Math.min(bytes.length, (Math.floor((offset + at) / SECTOR) + 1) * SECTOR - offset)
        if (random() < chance) {
          bytes.copy(files[n] as Buffer, offset + at, at, next)
          ends[n] = Math.max(ends[n] as number, offset + next)
        }
        at = next
      }
    }
    for (const op of ops.slice(0, cut)) {
      if (op.kind === 'T') said = Math.max(said, ...op.bytes.toString().split('\n').map(Number))
      else if (op.kind === 'W' || (liar && op.journal)) pending.push(op)
      else if (op.kind === 'D') put(op, 1)
      else if (!liar) {
        for (const write of pending) if (write.journal === op.journal) put(write, 1)
        pending = pending.filter(write => write.journal !== op.journal)
      } else pending = pending.slice(-40)
    }
    const underWay = ops[cut]
    if (underWay !== undefined && (underWay.kind === 'W' || underWay.kind === 'D')) pending.push(underWay)
    const kept = random()
    const torn = random()
    for (const write of pending) if (random() < kept) put(write, random() < torn ? random() : 1)
    return { files: [(files[0] as Buffer).subarray(0, ends[0]), (files[1] as Buffer).subarray(0, ends[1])], said }
  }

  async function cuts (base: Files, ops: readonly DiskOp[], liar: boolean, check: (outcome: { last: number | undefined, said: number }) => void): Promise<void> {
    const random = seededRandom(7)
    const copy = join(dir, 'copy.mdb')
    for (let n = 0; n < CUTS; n++) {
      const cut = Math.floor(random.float() * ops.length)
      const { files: [file, journal], said } = image(base, ops, cut, () => random.float(), liar)
      for (const beside of ['-lock', '-journal']) rmSync(`${copy}${beside}`, { force: true })
      writeFileSync(copy, file)
      if (journal.length > 0) writeFileSync(`${copy}-journal`, journal)
      let last: number | undefined
      try {
        const store = await openLmdbStore({ path: copy, reserveBytes: 0, journalBytes: 0 })
        try {
          last = lastWhole(store)
        } finally {
          await store.close()
        }
      } catch (error) {
        if (!isSkeinError(error, 'ERR_STORE_CORRUPT') && !(liar && isSkeinError(error, 'ERR_STORE_FOREIGN'))) throw error
      }
      check({ last, said })
    }
  }

  test.for(JOURNALS)('has every commit that was done, whole, whatever became of what was not yet flushed, with %s', { timeout: 120_000 }, async ([, journalBytes], { skip }) => {
    const shim = compileShim(dir)
    if (shim === undefined) return skip(NO_SHIM)
    const { base, ops } = await written(shim, journalBytes)
    expect(ops.filter(({ kind, journal }) => journal ? kind === 'D' : kind === 'S').length).toBeGreaterThan(10)
    if (journalBytes > 0) expect(ops.filter(({ kind, journal }) => journal && kind === 'D').length).toBeGreaterThan(10)
    let beyond = 0
    await cuts(base, ops, false, ({ last, said }) => {
      expect(last, `nothing is refused, and ${said} was said`).toBeGreaterThanOrEqual(said)
      if (last !== undefined && last > said) beyond++
    })
    expect(beyond, 'some commits were on disk and not yet said').toBeGreaterThan(0)
  })

  // Of LMDB's file only: a page of which a few sectors are of another time may look sound, as one of an empty table does, and then a journal's records follow on what is not there.
  test('is refused, and never taken for whole, where the disk has confirmed what it did not write', { timeout: 120_000 }, async ({ skip }) => {
    const shim = compileShim(dir)
    if (shim === undefined) return skip(NO_SHIM)
    const { base, ops } = await written(shim, 0)
    let refused = 0
    await cuts(base, ops, true, ({ last, said }) => {
      if (last === undefined) refused++
      // It may have lost commits, which nobody but the disk knows of, but what it has it has whole.
      else expect(last).toBeLessThanOrEqual(said + 64)
    })
    expect(refused).toBeGreaterThan(CUTS / 4)
  })
})
