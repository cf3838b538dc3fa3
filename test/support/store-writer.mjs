/**
 * Writes to a store until it is killed, several commits at a time, and says after each `done` which it was.
 * The fourth argument is the size of the journal; a fifth is a file to say it in, by a write that has happened when the call returns.
 * Commit n puts n into `cursor`, a value of n's own bytes into `batch` and deletes what commit n - 40 put there.
 */
import { openSync, writeSync } from 'node:fs'
import { openLmdbStore } from '../../build/store/lmdb-store.js'
import { u32 } from '../../build/store/keys.js'

const [path, first, size, journal, said] = process.argv.slice(2)
const file = said === undefined ? undefined : openSync(said, 'w')
const say = (line) => { if (file === undefined) process.stdout.write(line); else writeSync(file, line) }
const store = await openLmdbStore({ path, reserveBytes: 0, journalBytes: Number(journal) })
let n = Number(first)

function next () {
  const mine = n++
  const value = new Uint8Array(1 + (mine * 7919) % Number(size)).fill(mine)
  store.commit([
    { type: 'put', table: 'cursor', key: u32(mine), value: u32(mine) },
    { type: 'put', table: 'batch', key: u32(mine), value },
    ...(mine >= 40 ? [{ type: 'del', table: 'batch', key: u32(mine - 40) }] : []),
    { type: 'put', table: 'log', key: u32(0), value: u32(mine) }
  ], error => {
    say(error === undefined ? `${mine}\n` : `failed ${error.message}\n`)
    next()
  })
}
for (let i = 0; i < 8; i++) next()
