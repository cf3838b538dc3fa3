import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import { JOURNALS, lastWhole, makeFirstCommit, SIZE } from '../support/store-commits.js'

const WRITER = fileURLToPath(new URL('../support/store-writer.mjs', import.meta.url))
const ROUNDS = 12

/** Lets a writer run until it has said `count` commits, kills it soon after, and tells the last that it said. */
async function writeAndKill (path: string, first: number, count: number, journalBytes: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, path, `${first}`, `${SIZE}`, `${journalBytes}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = first - 1
  if (child.stdout === null) throw new Error('no stdout')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    // The kill may cut the last line, and half a number is another number: it counts only if it is the next.
    if (Number(line) === said + 1) said++
    else if (line.startsWith('failed')) throw new Error(line)
    // Killed right away, it would always die early in its next write. The delay is no wait for anything: it spreads the moment.
    if (said - first === count) setTimeout(() => { child.kill('SIGKILL') }, Math.random() * 4)
  })
  await Promise.all([once(child, 'close'), once(lines, 'close')])
  return said
}

describe('a store whose process is killed', () => {
  let dir: string
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-crash-')) })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  test.each(JOURNALS)('has every commit that was done, whole, and no part of another, with %s', async (_, journalBytes) => {
    const path = join(dir, 'store.mdb')
    let next = 1
    await makeFirstCommit(path, journalBytes)
    for (let round = 0; round < ROUNDS; round++) {
      const said = await writeAndKill(path, next, Math.floor(Math.random() * 300), journalBytes)
      // Opened by something that makes no journal of its own: what an earlier one holds is there all the same.
      const store = await openLmdbStore({ path, reserveBytes: 0, ...(round % 3 === 0 ? { journalBytes: 0 } : {}) })
      const last = lastWhole(store)
      await store.close()
      expect(last).toBeGreaterThanOrEqual(said)
      next = last + 1
    }
    expect(next).toBeGreaterThan(ROUNDS)
  }, 60_000)
})
