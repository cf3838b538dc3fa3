import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as lmdb from 'lmdb'
import { expect, test, vi } from 'vitest'
import { openLmdbStore } from '../../../src/store/lmdb-store.js'

const opened: Array<Record<string, unknown>> = []

vi.mock('lmdb', async (original) => {
  const real = await original<typeof lmdb>()
  return {
    ...real,
    open: (options: Record<string, unknown>) => {
      opened.push(options)
      return real.open(options as never)
    }
  }
})

// Whether a disk has what it was given shows only when the power fails; which flags LMDB was opened with shows here.
test('a store is opened so that no commit is done before it is flushed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skein-flush-'))
  try {
    const store = await openLmdbStore({ path: join(dir, 'store.mdb') })
    await store.close()
    expect(opened.length).toBe(2)
    for (const options of opened) {
      for (const loose of ['noSync', 'noMetaSync', 'mapAsync', 'useWritemap', 'safeRestore']) expect(options[loose] ?? false, loose).toBe(false)
      expect(options['overlappingSync']).toBe(false)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
