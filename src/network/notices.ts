import { NOTICE_INTERVAL_MS } from './network-limits.js'

const KEYS_MAX = 1024

/** Lets each notice through once, and then rarely. Without IO. */
export class NoticeFilter {
  private readonly given = new Map<string, number>()

  pass (nowMs: number, code: string, subject: string): boolean {
    const key = `${code} ${subject}`
    const lastMs = this.given.get(key)
    if (lastMs !== undefined && nowMs - lastMs < NOTICE_INTERVAL_MS) return false
    this.given.delete(key)
    if (this.given.size >= KEYS_MAX) this.given.delete(this.given.keys().next().value as string)
    this.given.set(key, nowMs)
    return true
  }

  /** What it was about is well again: the next one is news. */
  clear (code: string, subject: string): void { this.given.delete(`${code} ${subject}`) }
}
