import { describe, expect, test } from 'vitest'
import { Room, bytesNeeded, isEssential } from '../../../src/store/room.js'

const MIB = 1024 * 1024

function room (freeBytes: number, options: { reusable?: number, pending?: number, reserveBytes?: number, totalBytes?: number } = {}) {
  const disk = { freeBytes, totalBytes: options.totalBytes ?? 1024 * 1024 * MIB, looks: 0, nowMs: 0 }
  const it = new Room({
    look: () => { disk.looks++; return disk },
    reusable: () => options.reusable ?? 0,
    pending: () => options.pending ?? 0,
    nowMs: () => disk.nowMs,
    reserveBytes: options.reserveBytes
  })
  return { it, disk }
}

describe('room on the disk', () => {
  test('any commit goes while it leaves the reserve alone', () => {
    expect(room(65 * MIB).it.admits(MIB, false)).toBe(true)
    expect(room(65 * MIB).it.admits(MIB + 1, false)).toBe(false)
  })

  test('what must still work on a full disk may use half of the reserve', () => {
    expect(room(33 * MIB).it.admits(MIB, true)).toBe(true)
    expect(room(33 * MIB).it.admits(MIB + 1, true)).toBe(false)
  })

  test('free pages in the file make up for a full disk, but not below half of the reserve', () => {
    expect(room(40 * MIB, { reusable: 2 * MIB }).it.admits(MIB, false)).toBe(true)
    expect(room(40 * MIB, { reusable: 2 * MIB - 1 }).it.admits(MIB, false)).toBe(false)
    expect(room(32 * MIB, { reusable: 900 * MIB }).it.admits(MIB, false)).toBe(false)
  })

  test('a small disk keeps a small reserve', () => {
    expect(room(5 * MIB, { totalBytes: 64 * MIB }).it.admits(MIB, false)).toBe(true)
    expect(room(4 * MIB, { totalBytes: 64 * MIB }).it.admits(MIB, false)).toBe(false)
    expect(room(2 * MIB, { totalBytes: 8 * MIB }).it.admits(1, false)).toBe(false)
    expect(room(2 * MIB, { totalBytes: 8 * MIB, reserveBytes: 0 }).it.admits(2 * MIB, false)).toBe(true)
  })

  test('it does not look at the disk for each commit, and never relies on an old look', () => {
    const { it, disk } = room(1064 * MIB)
    for (let i = 0; i < 100; i++) it.admits(4 * MIB, false)
    expect(disk.looks).toBe(1)
    disk.freeBytes = 0
    disk.nowMs = 60
    expect(it.admits(1, false)).toBe(false)
    disk.freeBytes = 1064 * MIB
    expect(it.admits(1, false)).toBe(true)
    expect(disk.looks).toBe(3)
  })

  test('it looks again before it has promised all that it saw', () => {
    const { it, disk } = room(164 * MIB)
    let promised = 0
    while (it.admits(MIB, false) && promised < 1000 * MIB) {
      promised += MIB
      disk.freeBytes -= MIB
    }
    expect(promised).toBe(100 * MIB)
    expect(disk.looks).toBeLessThan(20)
  })

  test('what yields leaves three more reserves to all others, and counts free pages in the file as free disk', () => {
    expect(room(257 * MIB).it.admits(MIB, false, true)).toBe(true)
    expect(room(257 * MIB).it.admits(MIB + 1, false, true)).toBe(false)
    expect(room(257 * MIB).it.admits(MIB + 1, false)).toBe(true)
    expect(room(157 * MIB, { reusable: 100 * MIB }).it.admits(MIB, false, true)).toBe(true)
    expect(room(157 * MIB, { reusable: 100 * MIB - 1 }).it.admits(MIB, false, true)).toBe(false)
    expect(room(40 * MIB, { reusable: 194 * MIB }).it.admits(MIB, false, true)).toBe(true)
    expect(room(40 * MIB, { reusable: 194 * MIB - 1 }).it.admits(MIB, false, true)).toBe(false)
    expect(room(32 * MIB, { reusable: 999 * MIB }).it.admits(MIB, false, true)).toBe(false)
    for (const free of [257, 256, 40, 32]) expect(room(free * MIB).it.hasSpare(MIB)).toBe(room(free * MIB).it.admits(MIB, false, true))
  })

  test('what others write between two looks does not let what yields into their share', () => {
    const { it, disk } = room(300 * MIB)
    expect(it.admits(10 * MIB, false, true)).toBe(true)
    for (let i = 0; i < 12; i++) {
      expect(it.admits(10 * MIB, false)).toBe(true)
      disk.freeBytes -= 10 * MIB
    }
    expect(it.admits(MIB, false, true)).toBe(false)
    expect(it.admits(MIB, false)).toBe(true)
  })

  test('what was admitted and is not yet on the disk counts as if it were', () => {
    expect(room(75 * MIB, { pending: 10 * MIB }).it.admits(MIB, false)).toBe(true)
    expect(room(75 * MIB, { pending: 10 * MIB + 1 }).it.admits(MIB, false)).toBe(false)
    expect(room(43 * MIB, { pending: 10 * MIB }).it.admits(MIB, true)).toBe(true)
    expect(room(43 * MIB, { pending: 10 * MIB + 1 }).it.admits(MIB, true)).toBe(false)
  })

  test('it may go there while that leaves half of the reserve, or finds room within the file', () => {
    expect(room(43 * MIB, { pending: 10 * MIB }).it.admitsPending(MIB)).toBe(true)
    expect(room(43 * MIB, { pending: 10 * MIB + 1 }).it.admitsPending(MIB)).toBe(false)
    expect(room(33 * MIB, { pending: 10 * MIB, reusable: 22 * MIB }).it.admitsPending(MIB)).toBe(true)
    expect(room(33 * MIB, { pending: 10 * MIB, reusable: 22 * MIB - 1 }).it.admitsPending(MIB)).toBe(false)
    expect(room(31 * MIB, { pending: 10 * MIB, reusable: 99 * MIB }).it.admitsPending(MIB)).toBe(false)
  })

  test('only a commit that stores a batch is not essential', () => {
    const key = new Uint8Array(1)
    expect(isEssential([{ type: 'del', table: 'batch', key }, { type: 'put', table: 'cursor', key, value: key }])).toBe(true)
    expect(isEssential([{ type: 'put', table: 'cursor', key, value: key }, { type: 'put', table: 'batch', key, value: key }])).toBe(false)
  })

  test('a value needs its pages and those on the way to it', () => {
    const key = new Uint8Array(1)
    expect(bytesNeeded([{ type: 'del', table: 'batch', key }], 4096)).toBe(2 * 4096)
    expect(bytesNeeded([{ type: 'put', table: 'batch', key, value: new Uint8Array(65536) }], 4096)).toBe(19 * 4096)
  })
})
