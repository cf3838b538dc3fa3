import { encodeFrame, framesOf } from '../repair/frames.js'
import type { Engine } from './engine.js'

/** News of the directory that wait for one neighbour's link, bytes. */
const UNSENT_BYTES_MAX = 1024 * 1024

interface Owed {
  /** All that the directory knows, from where the link broke it off. Nothing of it is kept here. */
  everything: Iterator<Uint8Array[]> | undefined
  /** When that is sent it is owed again: more news came meanwhile than may wait. */
  again: boolean
  news: Uint8Array[]
  newsBytes: number
}

/** What the directory knows on its way to neighbours, over their links, which lose nothing. A link that is full is left alone until it takes frames again. */
export class Announcing {
  readonly #e: Engine
  readonly #owed = new Map<string, Owed>()

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** Bytes that wait for the link for which most wait. */
  get waitingBytes (): number { return Math.max(0, ...[...this.#owed.values()].map(({ newsBytes }) => newsBytes)) }

  /** A neighbour that has come is told all there is. */
  peerUp (peerId: string): void {
    this.#owed.set(peerId, { everything: undefined, again: true, news: [], newsBytes: 0 })
    this.drained(peerId)
  }

  peerDown (peerId: string): void { this.#owed.delete(peerId) }

  /** News for all neighbours but the one they came from. */
  tell (pages: readonly Uint8Array[], except?: string): void {
    if (pages.length === 0) return
    const bytes = pages.reduce((sum, page) => sum + page.length, 0)
    for (const peerId of this.#e.neighbours.ids()) {
      if (peerId === except) continue
      let owed = this.#owed.get(peerId)
      if (owed === undefined) this.#owed.set(peerId, owed = { everything: undefined, again: false, news: [], newsBytes: 0 })
      owed.news.push(...pages)
      owed.newsBytes += bytes
      this.drained(peerId)
      if (owed.newsBytes <= UNSENT_BYTES_MAX) continue
      // The directory has it all, and what is newer by then.
      Object.assign(owed, { again: true, news: [], newsBytes: 0 })
    }
  }

  /** The link takes frames again. */
  drained (peerId: string): void {
    const owed = this.#owed.get(peerId)
    if (owed === undefined) return
    while (!this.#e.neighbours.isFull(peerId)) {
      const signed = this.#next(owed)
      if (signed === undefined) {
        this.#owed.delete(peerId)
        return
      }
      this.#e.send(peerId, encodeFrame('announcements', { signed: signed as Array<Uint8Array<ArrayBuffer>> }))
    }
  }

  #next (owed: Owed): Uint8Array[] | undefined {
    const [news] = framesOf(owed.news)
    if (news !== undefined) {
      owed.news.splice(0, news.length)
      owed.newsBytes -= news.reduce((sum, page) => sum + page.length, 0)
      return news
    }
    for (;;) {
      const next = owed.everything?.next()
      if (next !== undefined && next.done !== true) return next.value
      if (!owed.again) return undefined
      owed.again = false
      owed.everything = framesOf(this.#e.directory.everything())
    }
  }
}
