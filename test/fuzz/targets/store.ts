/** A node that starts on a disk with damaged rows. */
import { SkeinError } from '../../../src/base/errors.js'
import { makeRecord } from '../../../src/message/record.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from '../../../src/store/memory-store.js'
import { sealRow } from '../../../src/store/row-check.js'
import { TABLES, type Table } from '../../../src/store/store.js'
import type { Draw } from '../draw.js'
import { join } from '../splice.js'
import { holds, type Target } from '../target.js'
import { EngineRig, VICTIM } from './engine-rig.js'
import { CHANNEL } from './samples.js'

interface Row { readonly table: Table, readonly key: Uint8Array, readonly value: Uint8Array }

/** What the disk of a node holds after some work: something in each table. */
async function written (): Promise<readonly Row[]> {
  const rig = new EngineRig()
  const disk = createMemoryDisk()
  rig.victim = await rig.engine(VICTIM, false, disk)
  rig.subscribe()
  work(rig, 'kept')
  const { inbox } = rig.victim
  inbox.open({ name: 'buries', filters: [`${CHANNEL}/#`], from: 'earliest', maxInFlight: 4, ackTimeoutMs: 1000, maxAttempts: 3, backoffMs: 50, backoffMaxMs: 500, change: false }, () => {
    const handle = inbox.attach('buries', { mode: 'ordered', maxInFlight: 4, ready: () => { for (let raw = handle.next(); raw !== undefined; raw = handle.next()) handle.reject(raw.token, 'no', () => {}) }, closed: () => {} })
  })
  rig.clock.advance(2_000)
  work(rig, 'also')
  rig.clock.advance(2_000)
  if (rig.faults.length > 0) throw rig.faults[0]
  const store = createMemoryStore({ disk, soon: () => {} })
  const found: Row[] = []
  for (const table of TABLES) for (const [key, value] of store.entries(table)) found.push({ table, key, value })
  return found
}

/** Publishes some under ids. A publish may be refused with a code. */
function work (rig: EngineRig, id: string): void {
  for (let i = 0; i < 3; i++) refusable(() => { rig.victim.publish(makeRecord({ topic: `${CHANNEL}/a`, body: `${id}${i}`, id: `${id}-${i}`, time: rig.clock.wallMs() }, 1 << 20), () => {}) })
  rig.clock.advance(500)
}

function refusable (run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof SkeinError)) throw error
  }
}

/** Puts the bytes of each edit in the place of the key or the value of a row. */
function damaged (bytes: Uint8Array): MemoryDisk {
  const disk = createMemoryDisk()
  const put = ({ table, key, value }: Row, sealed = true): void => { disk.tables.get(table)?.put(Buffer.from(key).toString('latin1'), sealed ? sealRow(table, key, value) : value) }
  for (const row of known) put(row)
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = ((bytes[at + 2] as number) << 8) + (bytes[at + 3] as number)
    const part = bytes.slice(at + 4, at + 4 + length)
    const row = known[(bytes[at] as number) % known.length] as Row
    const what = (bytes[at + 1] as number) % 8
    // Mostly with a check sum that holds: there is more than one thing to keep damage out.
    if (what !== 0) put({ ...row, value: part }, what !== 7)
    else if (part.length > 0 && part.length <= 384) {
      disk.tables.get(row.table)?.del(Buffer.from(row.key).toString('latin1'))
      put({ ...row, key: part })
    }
    at += 4 + length
  }
  return disk
}

export const store: Target = {
  name: 'store', what: 'a node starts on a disk with damaged rows, publishes and lives for some minutes: an error with a code at start, else nothing is thrown', shape: 'bytes', share: 3, bytesMax: 8192,
  limits: { ms: 1500, msPerKib: 100, bytes: 128 * 1024 * 1024, bytesPerByte: 16_384 },
  make: draw => join(...Array.from({ length: 1 + draw.int(3) }, () => someEdit(draw))),
  fussy: true,
  async run (bytes) {
    const disk = damaged(bytes)
    const rig = new EngineRig()
    try {
      rig.victim = await rig.engine(VICTIM, false, disk)
    } catch (error) {
      if (error instanceof SkeinError) return false
      throw error
    }
    rig.subscribe()
    work(rig, 'kept')
    work(rig, 'fresh')
    rig.clock.advance(200_000)
    for (const fault of rig.faults) if (!(fault instanceof SkeinError)) throw fault
    holds(rig.clock.timers < 400, 'there are more timers than there can be')
    return rig.faults.length === 0
  }
}

// The rows are the same in each process, since chance and time are seeded: an input names them by their place.
const known = await written()

function someEdit (draw: Draw): Uint8Array {
  const index = draw.int(known.length)
  const row = known[index]
  const what = draw.int(8)
  const bytes = new Uint8Array((what === 0 ? row?.key : row?.value) ?? [])
  for (let n = draw.int(3); n > 0 && bytes.length > 0; n--) bytes[draw.int(bytes.length)] = draw.int(256)
  const cut = draw.chance(0.3) ? bytes.slice(0, draw.int(bytes.length)) : bytes
  return join(Uint8Array.of(index, what, cut.length >> 8, cut.length & 0xff), cut)
}

