import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import { storeContract } from './store.js'

const GIB = 1024 ** 3

for (const journalBytes of [0, 64 * 1024, 8 * 1024 * 1024]) storeContract(`the LMDB store with ${journalBytes === 0 ? 'no journal' : `a journal of ${journalBytes / 1024} KiB`}`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-store-'))
  let full = false
  let broken = false
  return {
    open: async () => await openLmdbStore({
      path: join(dir, 'store.mdb'),
      journalBytes,
      diskSpace: () => {
        if (broken) throw new Error('EIO: i/o error, statfs')
        return { freeBytes: full ? 0 : GIB, totalBytes: 2 * GIB }
      },
      nowMs: (() => { let now = 0; return () => now += 1000 })()
    }),
    setFull: value => { full = value },
    // A write that fails in LMDB itself takes a disk that is really full: test/integration/store-full.test.ts has one.
    breakDisk: () => { broken = true },
    cleanup: async () => { rmSync(dir, { recursive: true, force: true }) }
  }
})
