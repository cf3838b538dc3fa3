/** Batches, heads, statements and what they are made of: what a neighbour signs or passes on. */
import { RangeSet } from '../../../src/base/range-set.js'
import { readVarint, varintLength, writeVarint } from '../../../src/base/varint.js'
import { headBytes, hasBody, MalformedBatch, openBatch, sealBatch } from '../../../src/message/batch.js'
import { byteFields } from '../../../src/message/byte-fields.js'
import { forkProofHolds, makeForkProof, openForkProof } from '../../../src/message/fork-proof.js'
import { fromLogRef, toLogRef, type LogId } from '../../../src/message/ids.js'
import { decodeRecords, encodeRecords, recordBytes } from '../../../src/message/record.js'
import { openAnnouncement, openReceipt, openTrim, signReceipt } from '../../../src/message/signed.js'
import { isChannel, topicFault } from '../../../src/message/topic.js'
import { LogRef } from '../../../src/message/wire.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'
import { attempt, Broken, holds, type Target } from '../target.js'
import { CHANNEL, mesh, same, someAnnouncement, someBatch, someForkProof, someLog, someRanges, someReceipt, someRecord, someTrim } from './samples.js'

const PUBLISHER: LogId = { publisher: peerOf(1), incarnation: { number: 1, random: '0'.repeat(16) }, channel: CHANNEL }

const rangeError = (error: unknown): boolean => error instanceof RangeError

/** What a protobuf decoder throws: anything but a fault of the code. */
export const malformed = (error: unknown): boolean => error instanceof Error && !(error instanceof Broken || error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError)

function checkBatch (bytes: Uint8Array): boolean {
  const opened = attempt(() => openBatch(bytes, mesh), error => error instanceof MalformedBatch)
  if (opened === undefined) return false
  const batch = opened.value
  holds(isChannel(batch.log.channel), 'a batch is of no channel')
  holds(Number.isSafeInteger(batch.base) && batch.base >= 1 && Number.isSafeInteger(batch.last + 1) && batch.last >= batch.base, 'positions are out of range')
  holds(batch.last - batch.base + 1 === batch.count, 'the count is not that of the positions')
  holds(same(openBatch(batch.bytes, mesh).header, batch.header), 'it does not open twice')
  const head = headBytes(batch)
  const again = openBatch(head, mesh)
  holds(!hasBody(again) && again.logKey === batch.logKey && again.last === batch.last, 'its head is another’s')
  if (!hasBody(batch)) holds(same(head, bytes), 'there are two forms of one head')
  return true
}

export const batch: Target = {
  name: 'batch', what: 'a batch as it comes by gossip, pull or from the store: MalformedBatch, else within all limits and of one form', shape: 'fields',
  make: draw => someBatch(draw).bytes,
  run: checkBatch
}

export const head: Target = {
  name: 'head', what: 'a batch without its body', shape: 'fields',
  make: draw => headBytes(someBatch(draw)),
  run: checkBatch
}

export const records: Target = {
  name: 'records', what: 'the body of a batch: any error is a refusal, else the records encode and decode again as they are', shape: 'fields',
  make: draw => encodeRecords([someRecord(draw)]),
  words: [Uint8Array.of(0x0a, 0x00), `${CHANNEL}/`, '\ufeff', Uint8Array.of(0xed, 0xa0, 0x80)],
  run (bytes) {
    const decoded = attempt(() => decodeRecords(bytes, 1, CHANNEL), malformed)
    if (decoded === undefined) return false
    const [record] = decoded.value
    if (record === undefined) throw new Broken('no record')
    holds(topicFault(record.topic) === undefined, 'a record has a malformed topic')
    const encoded = encodeRecords([record])
    const [again] = decodeRecords(encoded, 1, CHANNEL)
    holds(again !== undefined && same(encodeRecords([again]), encoded), 'a record is not what it was after a second time')
    holds(again?.topic === record.topic && again.id === record.id && again.key === record.key && again.time === record.time && again.headers.length === record.headers.length && again.headers.every(({ name, value }, i) => name === record.headers[i]?.name && value === record.headers[i].value), 'a record’s fields change')
    holds(recordBytes(record) >= encoded.length - 4, 'a record is larger than was reckoned')
    // Whoever stores it sends it on: it must go into a batch again.
    holds(openBatch(sealBatch(fakeCrypto(PUBLISHER.publisher), mesh, { log: PUBLISHER, base: 1, count: 1, time: 1, previous: new Uint8Array(0), body: encoded }).bytes, mesh).count === 1, 'it does not go into a batch')
    return true
  }
}

export const varint: Target = {
  name: 'varint', what: 'unsigned varints: RangeError, else the shortest form of a whole number', shape: 'bytes', share: 50, bytesMax: 64,
  make (draw) {
    const value = draw.whole()
    const out = new Uint8Array(varintLength(value))
    writeVarint(out, 0, value)
    return out
  },
  run (bytes) {
    const read = attempt(() => readVarint(bytes, 0), rangeError)
    if (read === undefined) return false
    const { value, offset } = read.value
    const out = new Uint8Array(varintLength(value))
    holds(Number.isSafeInteger(value) && value >= 0, 'it is no position')
    holds(writeVarint(out, 0, value) === offset && same(out, bytes.subarray(0, offset)), 'it has another form')
    return true
  }
}

export const ranges: Target = {
  name: 'ranges', what: 'sets of positions: RangeError, else the bytes are what the set encodes to', shape: 'bytes',
  make: draw => someRanges(draw, draw.chance(0.05) ? 1024 : 8).encode(),
  run (bytes) {
    const decoded = attempt(() => RangeSet.decode(bytes, 1024), rangeError)
    if (decoded === undefined) return false
    const set = decoded.value
    holds(same(set.encode(), bytes), 'it has another form')
    let before = -1
    for (const { from, to } of set.ranges()) {
      holds(from > before + 1 || before === -1, 'ranges touch')
      holds(from >= 1 && to >= from && Number.isSafeInteger(to), 'a range is out of range')
      before = to
    }
    holds(set.size <= 1024 && set.without(set).isEmpty && set.intersection(set).equals(set), 'it is not like itself')
    return true
  }
}

export const fields: Target = {
  name: 'byte-fields', what: 'the outer layer of what is signed: RangeError, else no byte that is in no field', shape: 'fields',
  make: draw => draw.chance(0.5) ? someTrim(draw) : someBatch(draw).bytes,
  run (bytes) {
    const parts = attempt(() => byteFields(bytes, 3), rangeError)
    if (parts === undefined) return false
    const length = parts.value.reduce((sum, part) => sum + (part.length === 0 ? 0 : 1 + varintLength(part.length) + part.length), 0)
    holds(length === bytes.length, 'there is more in it than its fields')
    return true
  }
}

export const trim: Target = {
  name: 'trim', what: 'a signed trim: undefined, else of a log and a position that can be', shape: 'fields',
  make: draw => someTrim(draw),
  run (bytes) {
    const opened = openTrim(bytes, mesh)
    if (opened === undefined) return false
    holds(opened.value.through >= 1 && Number.isSafeInteger(opened.value.through + 1), 'a trim is out of range')
    opened.verify(fakeCrypto(opened.value.log.publisher))
    return true
  }
}

export const receipt: Target = {
  name: 'receipt', what: 'a signed receipt: undefined, else ranges that can be said again', shape: 'fields',
  make: draw => someReceipt(draw),
  run (bytes) {
    const opened = openReceipt(bytes, mesh)
    if (opened === undefined) return false
    const { value } = opened
    opened.verify(fakeCrypto(value.by))
    const again = openReceipt(signReceipt(fakeCrypto(value.by), mesh, value), mesh)
    holds(again !== undefined && again.value.sequence === value.sequence && again.value.stored.equals(value.stored) && again.value.processed.every(({ ranges: set }, i) => set.equals(value.processed[i]?.ranges as RangeSet)), 'what it says cannot be said again')
    return true
  }
}

export const announcement: Target = {
  name: 'announcement', what: 'a page of what a node says of itself: undefined, else pages and positions that can be', shape: 'fields',
  make: draw => someAnnouncement(draw),
  run (bytes) {
    const opened = openAnnouncement(bytes, mesh)
    if (opened === undefined) return false
    const { value } = opened
    holds(value.page < value.pages && value.pages <= 16 && value.addresses.length <= 32 && value.joined.length <= 4096 && value.subscriptions.length <= 1024 && value.heads.length <= 4096, 'more than the limits allow')
    holds(Number.isSafeInteger(value.sequence) && value.sequence >= 0, 'a sequence that cannot be')
    opened.verify(fakeCrypto(value.author))
    return true
  }
}

export const forkProof: Target = {
  name: 'fork-proof', what: 'proof that a publisher forked: undefined, else two headers of one log that cannot both be', shape: 'fields',
  make: draw => someForkProof(draw),
  run (bytes) {
    const crypto = fakeCrypto(PUBLISHER.publisher)
    const proof = openForkProof(crypto, bytes, mesh)
    if (proof === undefined) return false
    holds(proof.first.logKey === proof.second.logKey && !same(proof.first.header, proof.second.header), 'the two are no fork of one log')
    holds(Number.isSafeInteger(proof.position) && proof.position >= proof.first.base, 'they fork at no position')
    if (forkProofHolds(crypto, proof)) {
      const made = makeForkProof(crypto, proof.first, proof.second)
      holds(made?.position === proof.position && openForkProof(crypto, made.bytes, mesh)?.position === proof.position, 'it cannot be made again')
    }
    return true
  }
}

export const logRef: Target = {
  name: 'log-ref', what: 'the name of a log: undefined, else the name of it again', shape: 'fields', share: 50,
  make: draw => LogRef.encode(toLogRef(someLog(draw))),
  run (bytes) {
    const decoded = attempt(() => LogRef.decode(bytes), malformed)
    const id = decoded === undefined ? undefined : fromLogRef(decoded.value)
    if (id === undefined) return false
    const again = fromLogRef(LogRef.decode(LogRef.encode(toLogRef(id))))
    holds(JSON.stringify(again) === JSON.stringify(id), 'it names another log')
    return true
  }
}
