import { equalBytes } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { RangeSet } from '../base/range-set.js'
import { byteFields } from './byte-fields.js'
import { fromLogRef, toLogRef, type LogId } from './ids.js'
import { peerIdFromBytes, peerIdToBytes } from './peer-id.js'
import { Announcement, ReceiptStatement, Signed, Trim, TrimReason } from './wire.js'

export const TRIM_TAG = 'skein/trim/1\n'
export const ANNOUNCEMENT_TAG = 'skein/announcement/1\n'
export const RECEIPT_TAG = 'skein/receipt/1\n'

/** Ranges that one receipt may name; a receiver with more holes says less. */
export const RECEIPT_RANGES_MAX = 1024
export const RECEIPT_NAMES_MAX = 1024

type Bytes = Uint8Array<ArrayBuffer>

function sign (crypto: Crypto, tag: string, statement: Uint8Array): Uint8Array {
  return Signed.encode({ statement: statement as Bytes, signature: crypto.sign(tag, statement) as Bytes })
}

/** A statement that decoded well; `verify` says whether its author signed it. */
export interface Opened<T> {
  readonly value: T
  readonly bytes: Uint8Array
  verify (crypto: Crypto): boolean
}

/** Undefined when the bytes are not such a statement of this mesh. */
function open<W, T> (bytes: Uint8Array, tag: string, decode: (statement: Uint8Array) => W, convert: (wire: W) => (T & { readonly author: string }) | undefined): Opened<T> | undefined {
  try {
    const [statement, signature] = byteFields(bytes, 2) as [Bytes, Bytes]
    const value = convert(decode(statement))
    if (value === undefined || signature.length !== 64) return undefined
    return { value, bytes, verify: (crypto) => crypto.verify(value.author, tag, statement, signature) }
  } catch {
    return undefined
  }
}

/** The publisher says that it has dropped all positions up to `through`. */
export interface TrimStatement {
  readonly log: LogId
  readonly through: number
  readonly reason: 'expired' | 'evicted'
  readonly time: number
}

export function signTrim (crypto: Crypto, mesh: Uint8Array, trim: TrimStatement): Uint8Array {
  return sign(crypto, TRIM_TAG, Trim.encode({ mesh: mesh as Bytes, log: toLogRef(trim.log), through: trim.through, reason: trim.reason === 'expired' ? TrimReason.EXPIRED : TrimReason.EVICTED, time: trim.time }))
}

export function openTrim (bytes: Uint8Array, mesh: Uint8Array): Opened<TrimStatement> | undefined {
  return open(bytes, TRIM_TAG, s => Trim.decode(s), wire => {
    const log = fromLogRef(wire.log)
    if (log === undefined || !equalBytes(wire.mesh, mesh) || !(Number.isSafeInteger(wire.through + 1) && wire.through >= 1)) return undefined
    return { author: log.publisher, log, through: wire.through, reason: wire.reason === TrimReason.EXPIRED ? 'expired' as const : 'evicted' as const, time: wire.time }
  })
}

/** What a node knows of one log: what it has on disk, and what its durable subscriptions have settled. */
export interface ReceiptContent {
  readonly by: string
  readonly sequence: number
  readonly log: LogId
  readonly stored: RangeSet
  readonly processed: ReadonlyArray<{ readonly name: string, readonly ranges: RangeSet }>
}

export function signReceipt (crypto: Crypto, mesh: Uint8Array, receipt: ReceiptContent): Uint8Array {
  return sign(crypto, RECEIPT_TAG, ReceiptStatement.encode({
    mesh: mesh as Bytes,
    by: peerIdToBytes(receipt.by) as Bytes,
    sequence: receipt.sequence,
    log: toLogRef(receipt.log),
    stored: receipt.stored.encode() as Bytes,
    processed: receipt.processed.map(({ name, ranges }) => ({ name, ranges: ranges.encode() as Bytes }))
  }))
}

export function openReceipt (bytes: Uint8Array, mesh: Uint8Array): Opened<ReceiptContent> | undefined {
  return open(bytes, RECEIPT_TAG, s => ReceiptStatement.decode(s, { limits: { processed: RECEIPT_NAMES_MAX } }), wire => {
    const log = fromLogRef(wire.log)
    const by = peerIdFromBytes(wire.by)
    if (log === undefined || by === undefined || !equalBytes(wire.mesh, mesh) || !(Number.isSafeInteger(wire.sequence) && wire.sequence >= 1)) return undefined
    return {
      author: by,
      by,
      sequence: wire.sequence,
      log,
      stored: RangeSet.decode(wire.stored, RECEIPT_RANGES_MAX),
      processed: wire.processed.map(({ name, ranges }) => ({ name, ranges: RangeSet.decode(ranges, RECEIPT_RANGES_MAX) }))
    }
  })
}

/** Pages of one announcement. */
export const ANNOUNCEMENT_PAGES_MAX = 16
/** Names, filters, heads, … in one page of an announcement. */
export const ANNOUNCEMENT_LIMITS = { addresses: 32, joined: 4096, subscriptions: 1024, subscriptions$: { filters: 64 }, heads: 4096 }

export type AnnouncementPage = Announcement & { readonly author: string }

/** What tells the lives of one key apart may be left out. */
export type AnnouncementContent = Omit<Announcement, 'life' | 'startedAt' | 'rival'> & Partial<Pick<Announcement, 'life' | 'startedAt' | 'rival'>>

export function signAnnouncement (crypto: Crypto, announcement: AnnouncementContent): Uint8Array {
  return sign(crypto, ANNOUNCEMENT_TAG, Announcement.encode(announcement))
}

export function openAnnouncement (bytes: Uint8Array, mesh: Uint8Array): Opened<AnnouncementPage> | undefined {
  return open<Announcement, AnnouncementPage>(bytes, ANNOUNCEMENT_TAG, s => Announcement.decode(s, { limits: ANNOUNCEMENT_LIMITS }), wire => {
    const author = peerIdFromBytes(wire.publisher)
    if (author === undefined || !equalBytes(wire.mesh, mesh) || !Number.isSafeInteger(wire.sequence) || wire.pages < 1 || wire.pages > ANNOUNCEMENT_PAGES_MAX || wire.page >= wire.pages) return undefined
    return { ...wire, author }
  })
}
