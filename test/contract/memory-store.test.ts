import { createMemoryDisk, createMemoryStore } from '../../src/store/memory-store.js'
import { storeContract } from './store.js'

storeContract('the memory store', async () => {
  const disk = createMemoryDisk()
  return {
    open: async () => createMemoryStore({ disk }),
    setFull: full => { disk.full = full },
    breakDisk: () => { disk.broken = true },
    cleanup: async () => {}
  }
})
