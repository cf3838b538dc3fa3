/**
 * The announcements that are kept of other nodes, and whose place it is when there are too many. Anyone can make up names and sign
 * for them: so a neighbour that has brought more than the others gives way to them, and of what it brought those go first that are
 * neither neighbours nor have anything here.
 */
import type { AnnouncedSubscription } from '../message/wire.js'

/** Nodes in the directory. */
export const NODES_MAX = 4096
/** Their announcements, bytes altogether. */
export const DIRECTORY_BYTES_MAX = 64 * 1024 * 1024
/** Of these, what one neighbour has brought. A choice: four thousand nodes with 4 KiB each. */
export const NEIGHBOUR_BYTES_MAX = 16 * 1024 * 1024

export interface KnownNode {
  sequence: number
  readonly pages: Map<number, Uint8Array>
  /** What the pages so far say of durable subscriptions: the whole of it is known when all pages are here. */
  subscriptions: AnnouncedSubscription[]
  lastMs: number
  /** The neighbour that brought it. */
  readonly from: string
  bytes: number
}

export class KnownNodes {
  readonly #nodes = new Map<string, KnownNode>()
  /** By the neighbour that brought them. */
  readonly #shares = new Map<string, { nodes: number, bytes: number }>()
  #bytes = 0

  /** `isUseful`: a neighbour, or somebody of whom something is kept. */
  constructor (private readonly isUseful: (peerId: string) => boolean) {}

  get size (): number { return this.#nodes.size }
  get (peerId: string): KnownNode | undefined { return this.#nodes.get(peerId) }
  /** Nodes may come and go between two pages. */
  * pages (): Generator<Uint8Array> { for (const peerId of [...this.#nodes.keys()]) yield * this.#nodes.get(peerId)?.pages.values() ?? [] }

  /** Makes room for a page that `from` brings of this node. False: there is none for it. */
  makeRoom (peerId: string, from: string, bytes: number): boolean {
    // A node speaks for itself before anyone is heard about others.
    const isKnownHere = peerId === from || this.isUseful(peerId)
    if (!isKnownHere && (this.#shares.get(from)?.bytes ?? 0) + bytes > NEIGHBOUR_BYTES_MAX) return false
    while ((!this.#nodes.has(peerId) && this.#nodes.size >= NODES_MAX) || this.#bytes + bytes > DIRECTORY_BYTES_MAX) {
      const most = this.#largest()
      if (most === undefined || (most === from && !isKnownHere) || !this.#evictOf(most, peerId)) return false
    }
    return true
  }

  /** Keeps a page; those of an earlier sequence go. */
  put (peerId: string, from: string, sequence: number, page: number, bytes: Uint8Array, nowMs: number): KnownNode {
    let node = this.#nodes.get(peerId)
    if (node === undefined || node.sequence < sequence) {
      this.delete(peerId)
      this.#nodes.set(peerId, node = { sequence, pages: new Map(), subscriptions: [], lastMs: nowMs, from, bytes: 0 })
      this.#count(from, 1, 0)
    }
    node.pages.set(page, bytes)
    node.lastMs = nowMs
    node.bytes += bytes.length
    this.#count(node.from, 0, bytes.length)
    return node
  }

  delete (peerId: string): void {
    const node = this.#nodes.get(peerId)
    if (node === undefined) return
    this.#nodes.delete(peerId)
    this.#count(node.from, -1, -node.bytes)
  }

  /** Drops those not heard of since. */
  expire (beforeMs: number): void {
    for (const [peerId, node] of this.#nodes) if (node.lastMs < beforeMs) this.delete(peerId)
  }

  #count (from: string, nodes: number, bytes: number): void {
    this.#bytes += bytes
    const share = this.#shares.get(from) ?? { nodes: 0, bytes: 0 }
    share.nodes += nodes
    share.bytes += bytes
    if (share.nodes > 0) this.#shares.set(from, share)
    else this.#shares.delete(from)
  }

  /** Who takes up most of what is there. */
  #largest (): string | undefined {
    let most: string | undefined
    let height = 0
    for (const [from, { nodes, bytes }] of this.#shares) {
      const share = Math.max(nodes / NODES_MAX, bytes / DIRECTORY_BYTES_MAX)
      if (share <= height) continue
      most = from
      height = share
    }
    return most
  }

  #evictOf (from: string, except: string): boolean {
    for (const [peerId, node] of this.#nodes) {
      if (node.from !== from || peerId === except || peerId === from || this.isUseful(peerId)) continue
      this.delete(peerId)
      return true
    }
    return false
  }
}
