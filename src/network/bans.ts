import { BANS_MAX } from './network-limits.js'

/** Peers that are kept out for a while. Without IO. */
export class Bans {
  private readonly untilMs = new Map<string, number>()

  add (peerId: string, untilMs: number): void {
    this.untilMs.delete(peerId)
    if (this.untilMs.size >= BANS_MAX) this.untilMs.delete(this.untilMs.keys().next().value as string)
    this.untilMs.set(peerId, untilMs)
  }

  has (nowMs: number, peerId: string): boolean {
    const untilMs = this.untilMs.get(peerId)
    if (untilMs === undefined) return false
    if (nowMs < untilMs) return true
    this.untilMs.delete(peerId)
    return false
  }
}
