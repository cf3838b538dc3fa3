import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import { storeContract } from './store.js'

const GIB = 1024 ** 3

storeContract('the LMDB store', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-store-'))
  let full = false
  return {
    open: async () => await openLmdbStore({
      path: join(dir, 'store.mdb'),
      diskSpace: () => ({ freeBytes: full ? 0 : GIB, totalBytes: 2 * GIB }),
      nowMs: (() => { let now = 0; return () => now += 1000 })()
    }),
    setFull: value => { full = value },
    cleanup: async () => { rmSync(dir, { recursive: true, force: true }) }
  }
})
