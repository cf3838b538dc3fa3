/**
 * Which of the links to one peer is in use. Two nodes that dial each other at the same moment get two connections, and a
 * peer that lost its connection may dial again before this side has noticed. Only one of the two decides, so that they
 * never disagree: the chooser, the one with the smaller peer id.
 *
 * ```
 * chooser:   ready ─► asking ──chosen──► up           other:  ready ──choose──► (chosen sent) ──up──► up
 *            'choose' sent   'up' sent
 * ```
 *
 * A further link waits in the chooser while it probes the incumbent; the incumbent stays if it answers within `PROBE_MS`.
 * If the peer's instance differs, the peer was restarted and the incumbent is dead. Without IO; links are named by strings.
 */
import { PROBE_MS } from './network-limits.js'

export type ElectionInput =
  | { readonly type: 'ready', readonly link: string, readonly instance: string }
  | { readonly type: 'choose' | 'chosen' | 'up' | 'alive', readonly link: string }
  | { readonly type: 'closed', readonly link: string, readonly reason: string }
  | { readonly type: 'wake' }

export type ElectionOutput =
  | { readonly type: 'send', readonly link: string, readonly kind: 'choose' | 'chosen' | 'up' | 'ping' }
  | { readonly type: 'close', readonly link: string, readonly reason: string }
  | { readonly type: 'peerUp', readonly link: string }
  | { readonly type: 'peerDown', readonly link: string, readonly reason: string }
  | { readonly type: 'wakeAt', readonly atMs: number }

interface Entry { readonly link: string, readonly instance: string }

export class Election {
  private current: Entry | undefined
  private up = false
  private standby: Entry | undefined
  private probeUntilMs: number | undefined
  /** Links of the side that does not choose. */
  private readonly ready = new Map<string, Entry>()

  constructor (private readonly chooser: boolean) {}

  get upLink (): string | undefined { return this.up ? this.current?.link : undefined }
  get empty (): boolean { return this.current === undefined && this.standby === undefined && this.ready.size === 0 }

  handle (nowMs: number, input: ElectionInput, out: ElectionOutput[]): void {
    switch (input.type) {
      case 'ready':
        if (this.chooser) this.consider(nowMs, input, out)
        else this.ready.set(input.link, { link: input.link, instance: input.instance })
        return
      case 'choose':
        if (!this.chooser && this.ready.has(input.link)) out.push({ type: 'send', link: input.link, kind: 'chosen' })
        return
      case 'chosen':
        if (this.chooser && this.current?.link === input.link && !this.up) {
          out.push({ type: 'send', link: input.link, kind: 'up' })
          this.raise(out)
          this.dismissStandby(out)
        }
        return
      case 'up': {
        const entry = this.ready.get(input.link)
        if (this.chooser || entry === undefined || this.upLink === input.link) return
        this.dismiss('another link to the peer took over', out)
        this.current = entry
        this.raise(out)
        return
      }
      case 'alive':
        if (this.current?.link === input.link && this.probeUntilMs !== undefined && this.up) this.dismissStandby(out)
        return
      case 'closed':
        this.forget(nowMs, input.link, input.reason, out)
        return
      case 'wake':
        if (this.probeUntilMs !== undefined && nowMs >= this.probeUntilMs) {
          this.dismiss('the link did not answer while the peer opened another', out)
          this.promote(nowMs, out)
        }
    }
  }

  private consider (nowMs: number, entry: Entry, out: ElectionOutput[]): void {
    if (this.current === undefined) {
      this.ask(entry, out)
      return
    }
    if (this.standby !== undefined) out.push({ type: 'close', link: this.standby.link, reason: 'a newer link to the peer is there' })
    this.standby = { link: entry.link, instance: entry.instance }
    if (this.current.instance !== entry.instance) {
      this.dismiss('the peer was restarted', out)
      this.promote(nowMs, out)
      return
    }
    if (this.up) out.push({ type: 'send', link: this.current.link, kind: 'ping' })
    if (this.probeUntilMs === undefined) {
      this.probeUntilMs = nowMs + PROBE_MS
      out.push({ type: 'wakeAt', atMs: this.probeUntilMs })
    }
  }

  private ask (entry: Entry, out: ElectionOutput[]): void {
    this.current = { link: entry.link, instance: entry.instance }
    out.push({ type: 'send', link: entry.link, kind: 'choose' })
  }

  private raise (out: ElectionOutput[]): void {
    this.up = true
    out.push({ type: 'peerUp', link: (this.current as Entry).link })
  }

  private dismissStandby (out: ElectionOutput[]): void {
    this.probeUntilMs = undefined
    if (this.standby === undefined) return
    out.push({ type: 'close', link: this.standby.link, reason: 'there is a link to the peer already' })
    this.standby = undefined
  }

  /** Closes the link in use. */
  private dismiss (reason: string, out: ElectionOutput[]): void {
    if (this.current === undefined) return
    const { link } = this.current
    if (this.up) out.push({ type: 'peerDown', link, reason })
    out.push({ type: 'close', link, reason })
    this.up = false
    this.current = undefined
    this.ready.delete(link)
  }

  private promote (nowMs: number, out: ElectionOutput[]): void {
    const entry = this.standby
    this.standby = undefined
    this.probeUntilMs = undefined
    if (entry !== undefined) this.consider(nowMs, entry, out)
  }

  private forget (nowMs: number, link: string, reason: string, out: ElectionOutput[]): void {
    this.ready.delete(link)
    if (this.standby?.link === link) {
      this.standby = undefined
      this.probeUntilMs = undefined
    }
    if (this.current?.link !== link) return
    if (this.up) out.push({ type: 'peerDown', link, reason })
    this.up = false
    this.current = undefined
    this.promote(nowMs, out)
  }
}
