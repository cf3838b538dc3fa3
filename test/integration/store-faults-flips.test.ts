import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { u32 } from '../../src/store/keys.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import { TABLES, type StoreOp } from '../../src/store/store.js'

const FLIPPER = fileURLToPath(new URL('../support/store-flips.mjs', import.meta.url))
/** More by hand: `SKEIN_FLIPS=20000 npx vitest run test/integration/store-faults-flips.test.ts`. */
const FLIPS = Number(process.env.SKEIN_FLIPS ?? 800)
const SEED = Number(process.env.SKEIN_FLIPS_SEED ?? 1)

/** A store with rows of all sizes in all tables, of which many were replaced and deleted, and what is in it. */
async function makeStore (path: string): Promise<void> {
  const store = await openLmdbStore({ path, reserveBytes: 0 })
  const rows: Record<string, Record<string, string>> = Object.fromEntries(TABLES.map(table => [table, {}]))
  let x = 1
  const upTo = (n: number): number => (x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff, (x >>> 12) % n)
  for (let i = 0; i < 400; i++) {
    const ops = Array.from({ length: 4 }, (): StoreOp => {
      const table = TABLES[upTo(TABLES.length)] as typeof TABLES[number]
      const key = u32(upTo(300))
      const name = Buffer.from(key).toString('hex')
      const of = rows[table] as Record<string, string>
      if (upTo(4) === 0) {
        delete of[name]
        return { type: 'del', table, key }
      }
      const value = new Uint8Array(1 + upTo(table === 'batch' ? 12_000 : 400)).map(() => 1 + upTo(255))
      of[name] = Buffer.from(value).toString('hex')
      return { type: 'put', table, key, value }
    })
    await new Promise<void>((resolve, reject) => { store.commit(ops, error => { if (error === undefined) resolve(); else reject(error) }) })
  }
  await store.close()
  writeFileSync(`${path}.rows`, JSON.stringify(rows))
}

async function flips (path: string, count: number, area: string): Promise<string[]> {
  const child = spawn(process.execPath, [FLIPPER, path, `${path}.copy`, '0', `${count}`, `${SEED}`, area], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text })
  const [code, signal] = await once(child, 'close') as [number | null, string | null]
  const lines = said.split('\n')
  // A process that LMDB took with it leaves the number of the flip and nothing behind it.
  expect({ code, signal, rest: lines.at(-1) }).toEqual({ code: 0, signal: null, rest: '' })
  return lines.slice(0, -1).map(line => line.slice(line.indexOf(' ') + 1))
}

const count = (outcomes: readonly string[], of: string): number => outcomes.filter(outcome => outcome.startsWith(of)).length

describe('a store file in which one bit is not what was written', () => {
  let dir: string
  let path: string
  beforeEach(async () => {
    // Thousands of copies: memory if there is such a file system.
    dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skein-flips-'))
    path = join(dir, 'store.mdb')
    await makeStore(path)
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  test.each([['anywhere', 'all', FLIPS], ['in its two head pages', 'heads', FLIPS / 2]])('%s is refused, or says which row is damaged, or has all its rows: it never lies and never kills the process', async (_, area, n) => {
    const outcomes = await flips(path, n, area)
    expect(outcomes).toHaveLength(n)
    expect(outcomes.filter(outcome => outcome.startsWith('LIE'))).toEqual([])
    const refused = outcomes.filter(outcome => outcome.startsWith('refused'))
    expect(refused.filter(outcome => !/^refused ERR_STORE_(CORRUPT|FOREIGN|NEWER|OLDER) /.test(outcome))).toEqual([])
    expect(refused.length).toBeGreaterThan(n / 20)
    if (area === 'all') expect(count(outcomes, 'damaged')).toBeGreaterThan(n / 10)
    expect(count(outcomes, 'sound')).toBeGreaterThan(n / 10)
  }, 300_000)
})
