/**
 * Flips one bit of a store at a time, in a copy, and tells what comes of it: `refused CODE`, `damaged N` (rows that say so), `sound`,
 * or `LIE …`, which must never be. Before each flip its number is said, so that whoever reads knows of which one this process died.
 */
import { copyFileSync, openSync, closeSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { openLmdbStore } from '../../build/store/lmdb-store.js'
import { TABLES } from '../../build/store/store.js'
import { u32 } from '../../build/store/keys.js'

const [path, copy, first, last, seed, area] = process.argv.slice(2)
const bytes = statSync(path).size
/** What must be read, by table and key. */
const rows = JSON.parse(readFileSync(`${path}.rows`, 'utf8'))

/** A bit of the file, from the number of the flip. */
function bitOf (n) {
  let x = (Number(seed) * 2654435761 + n * 40503) >>> 0
  const next = () => {
    x = (x + 0x6d2b79f5) >>> 0
    let t = Math.imul(x ^ (x >>> 15), 1 | x)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  if (area === 'heads') return Math.floor(next() * 2) * 4096 * 8 + Math.floor(next() * 168 * 8)
  // Half of them in the first bytes of a page, where its header and the places of its nodes are.
  const page = Math.floor(next() * (bytes / 4096))
  return (page * 4096 + Math.floor(next() * (next() < 0.5 ? 64 : 4096))) * 8 + Math.floor(next() * 8)
}

function * all (store, table) {
  let from
  for (;;) {
    const entries = store.entries(table, { ...(from === undefined ? {} : { gte: from }), limit: 100 })
    yield * entries
    const end = entries.at(-1)?.[0]
    if (end === undefined || entries.length < 100) return
    from = Buffer.concat([end, Buffer.of(0)])
  }
}

const commit = (store, ops) => new Promise((resolve, reject) => { store.commit(ops, error => { if (error === undefined) resolve(); else reject(error) }) })

/** Reads all there is. Throws `LIE` at anything that was never put, and counts what says that it is damaged. */
function readAll (store) {
  let damaged = 0
  for (const table of TABLES) {
    const seen = new Set()
    for (const [key, value] of all(store, table)) {
      const name = Buffer.from(key).toString('hex')
      const sum = Buffer.from(value).toString('hex')
      if (value.every(byte => byte === 0)) damaged++
      else if (rows[table][name] !== sum) throw new Error(`LIE ${table} ${name}`)
      seen.add(name)
      const got = store.get(table, key)
      if (got === undefined || Buffer.compare(got, value) !== 0) throw new Error(`LIE ${table} ${name} is read in two ways`)
    }
    for (const name of Object.keys(rows[table])) if (!seen.has(name)) throw new Error(`LIE ${table} ${name} is gone`)
  }
  return damaged
}

async function flip (n) {
  rmSync(`${copy}-lock`, { force: true })
  copyFileSync(path, copy)
  const bit = bitOf(n)
  const fd = openSync(copy, 'r+')
  const byte = Buffer.alloc(1)
  readSync(fd, byte, 0, 1, bit >> 3)
  byte[0] ^= 1 << (bit & 7)
  writeSync(fd, byte, 0, 1, bit >> 3)
  closeSync(fd)
  let store
  try {
    store = await openLmdbStore({ path: copy, closed: true, reserveBytes: 0 })
    const before = readAll(store)
    // It is written to as well: what is free must really be so.
    for (let i = 0; i < 6; i++) await commit(store, [{ type: 'put', table: 'batch', key: u32(0xffffffff), value: new Uint8Array(1 + 9000 * i).fill(i + 1) }, { type: 'put', table: 'cursor', key: u32(0xffffffff), value: u32(i) }])
    await commit(store, [{ type: 'del', table: 'batch', key: u32(0xffffffff) }, { type: 'del', table: 'cursor', key: u32(0xffffffff) }])
    const after = readAll(store)
    if (after !== before) throw new Error(`LIE ${after} rows damaged after ${before}`)
    return before === 0 ? 'sound' : `damaged ${before}`
  } catch (error) {
    return error.message.startsWith('LIE') ? error.message : `refused ${error.code} ${error.message}`
  } finally {
    await store?.close()
  }
}

for (let n = Number(first); n < Number(last); n++) {
  process.stdout.write(`${n} `)
  const outcome = await flip(n)
  process.stdout.write(`${outcome}\n`)
}
