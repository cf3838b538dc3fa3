/**
 * Sees to it that each peer that is up has gossip both ways. Gossipsub never opens a stream again while the connection
 * lives, and the peer is then connected and deaf. What was lost with a stream (subscriptions, grafts) is unknown, so a stream that was
 * there and went means: cut the connection and dial anew. Without IO.
 */
import { GOSSIP_STREAM_WAIT_MS, GOSSIP_STUCK_MS, TICK_MS } from './network-limits.js'

export interface GossipState {
  /** Unsent bytes of the live outbound stream; undefined when there is none. */
  readonly unsent: number | undefined
  /** The peer has its stream open to us. */
  readonly hears: boolean
}

export type WatchdogVerdict = { readonly type: 'reopen' } | { readonly type: 'cut', readonly reason: string } | undefined

export class Watchdog {
  private wholeSinceMs: number | undefined
  private brokenSinceMs: number
  private opened = false
  private unsent = 0
  private movedMs: number

  constructor (upSinceMs: number) {
    this.brokenSinceMs = upSinceMs
    this.movedMs = upSinceMs
  }

  /** The outbound stream was opened: from here on its end is a break. */
  gossipOpened (): void { this.opened = true }

  look (nowMs: number, state: GossipState): WatchdogVerdict {
    const { unsent, hears } = state
    if (unsent === undefined) {
      if (this.opened) return { type: 'cut', reason: 'the gossip stream to the peer ended' }
    } else {
      this.opened = true
      if (unsent === 0 || unsent < this.unsent) this.movedMs = nowMs
      this.unsent = unsent
      if (nowMs - this.movedMs >= GOSSIP_STUCK_MS) return { type: 'cut', reason: 'the peer does not read gossip' }
    }
    if (unsent !== undefined && hears) {
      this.wholeSinceMs ??= nowMs
      return undefined
    }
    if (this.wholeSinceMs !== undefined) {
      this.wholeSinceMs = undefined
      this.brokenSinceMs = nowMs
    }
    if (nowMs - this.brokenSinceMs >= GOSSIP_STREAM_WAIT_MS) return { type: 'cut', reason: 'no gossip streams with the peer' }
    if (unsent === undefined && nowMs - this.brokenSinceMs >= TICK_MS) return { type: 'reopen' }
    return undefined
  }
}
