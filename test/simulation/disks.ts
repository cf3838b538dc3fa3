import type { MemoryDisk } from '../../src/store/memory-store.js'
import { createMemoryDisk } from '../../src/store/memory-store.js'
import type { SeededRandom } from './random.js'

/** What a backup of the disk at this moment holds. */
export function copyOfDisk (disk: MemoryDisk): MemoryDisk {
  const copy = createMemoryDisk()
  for (const [name, table] of disk.tables) {
    for (const key of table.keys('', undefined, false, Number.POSITIVE_INFINITY)) copy.tables.get(name)?.put(key, table.get(key) as Uint8Array)
  }
  return copy
}

/** Flips bits in some stored batches. Returns in how many. */
export function rot (disk: MemoryDisk, random: SeededRandom): number {
  const table = disk.tables.get('batch')
  const keys = table?.keys('', undefined, false, Number.POSITIVE_INFINITY) ?? []
  let n = 0
  for (let i = random.whole(1, 3); i > 0 && keys.length > 0; i--) {
    const key = random.pick(keys)
    const value = new Uint8Array(table?.get(key) as Uint8Array)
    const at = random.whole(0, value.length - 1)
    value[at] = (value[at] as number) ^ (1 << random.whole(0, 7))
    table?.put(key, value)
    n++
  }
  return n
}
