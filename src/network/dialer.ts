/**
 * Whom to dial, and when. Bootstrap peers, peers that were lost and peers that were discovered are dialled for ever:
 * soon at first, then with growing pauses up to `DIAL_BACKOFF_MAX_MS`, with jitter so that a mesh does not dial in step.
 * Without IO; time and chance are given to it.
 *
 * ```
 * waiting ──due──► dialling ──up──► up ──down──► waiting
 *    ▲                 │ failed, refused
 *    └─────────────────┘
 * ```
 *
 * A target is a peer id with its addresses or, until it is known who answers there, a bare address. Who answered once at a
 * bare address may be replaced by another: so bare addresses of a known peer are dialled in turn with the full ones.
 */
import {
  DIALS_AT_ONCE_MAX, DIAL_BACKOFF_EARLY_MS, DIAL_BACKOFF_FIRST_MS, DIAL_EARLY_ATTEMPTS, DIAL_BACKOFF_MAX_MS, DIAL_BACKOFF_REFUSED_MS, DIAL_STABLE_MS, DIAL_TARGETS_MAX
} from './network-limits.js'

const ADDRESSES_PER_PEER_MAX = 32

export type DialInput =
  /** `peerId` undefined: nobody knows yet who is there. */
  | { readonly type: 'add', readonly peerId?: string | undefined, readonly addresses: readonly string[], readonly bootstrap?: boolean }
  /** The link to a peer is up, dialled as `key` or not by us. */
  | { readonly type: 'up', readonly peerId: string, readonly addresses: readonly string[], readonly key?: string | undefined }
  | { readonly type: 'down', readonly peerId: string }
  | { readonly type: 'failed', readonly key: string, readonly reason: string }
  | { readonly type: 'refused', readonly key?: string | undefined, readonly peerId?: string | undefined }
  | { readonly type: 'banned', readonly peerId: string, readonly untilMs: number }
  /** The peer that answered is up over another connection. */
  | { readonly type: 'same', readonly key: string, readonly peerId: string }
  /** This node itself answers at the address. */
  | { readonly type: 'self', readonly key: string }
  /** After a sleep: all that wait are due soon. */
  | { readonly type: 'hurry' }
  | { readonly type: 'wake' }

export type DialOutput =
  | { readonly type: 'dial', readonly key: string, readonly addresses: readonly string[] }
  | { readonly type: 'unreachable', readonly address: string, readonly reason: string }
  | { readonly type: 'wakeAt', readonly atMs: number }

interface Target {
  readonly key: string
  readonly known: boolean
  /** With `/p2p/<id>`. */
  full: Set<string>
  bare: Set<string>
  bootstrap: Set<string>
  state: 'waiting' | 'dialling' | 'up'
  attempts: number
  dueMs: number
  /** Not before, whatever else happens. */
  barredMs: number
  upSinceMs: number
}

export class Dialer {
  private readonly targets = new Map<string, Target>()
  private dialling = 0

  constructor (private readonly selfId: string, private readonly random: () => number) {}

  get size (): number { return this.targets.size }

  handle (nowMs: number, input: DialInput, out: DialOutput[]): void {
    switch (input.type) {
      case 'add': this.add(nowMs, input); break
      case 'up': this.up(nowMs, input); break
      case 'down': this.down(nowMs, input.peerId); break
      case 'failed': this.failed(nowMs, input, out); break
      case 'refused': this.refused(nowMs, input); break
      case 'banned': this.bar(nowMs, this.target(input.peerId, true), input.untilMs); break
      case 'same': this.same(nowMs, input); break
      case 'self': this.remove(input.key); break
      case 'hurry': this.hurry(nowMs); break
      case 'wake': break
    }
    this.schedule(nowMs, out)
  }

  private add (nowMs: number, input: Extract<DialInput, { type: 'add' }>): void {
    const { peerId, addresses, bootstrap = false } = input
    if (peerId === this.selfId) return
    if (peerId === undefined) {
      for (const address of addresses) {
        if ([...this.targets.values()].some(({ bare }) => bare.has(address))) continue
        const target = this.target(address, false)
        target.bare.add(address)
        if (bootstrap) target.bootstrap.add(address)
        target.dueMs = nowMs
      }
      return
    }
    const isNew = !this.targets.has(peerId)
    const target = this.target(peerId, true)
    remember(target.full, addresses)
    if (bootstrap) remember(target.bootstrap, addresses)
    if (isNew) target.dueMs = nowMs
  }

  private up (nowMs: number, input: Extract<DialInput, { type: 'up' }>): void {
    const { peerId, addresses, key } = input
    const target = this.target(peerId, true)
    if (key !== undefined && key !== peerId) this.adopt(nowMs, target, key)
    this.leaveDialling(target)
    target.state = 'up'
    target.upSinceMs = nowMs
    remember(target.full, addresses)
  }

  private same (nowMs: number, { key, peerId }: Extract<DialInput, { type: 'same' }>): void {
    const target = this.targets.get(peerId)
    if (target === undefined || target.state !== 'up') {
      const dialled = this.targets.get(key)
      if (dialled?.state !== 'dialling') return
      this.leaveDialling(dialled)
      dialled.state = 'waiting'
      this.backOff(nowMs, dialled)
    } else if (key !== peerId) {
      this.adopt(nowMs, target, key)
    }
  }

  /** Whoever answered at the bare addresses of target `key` is `target`. */
  private adopt (nowMs: number, target: Target, key: string): void {
    const other = this.targets.get(key)
    if (other === undefined) return
    remember(target.bare, [...other.bare])
    for (const address of other.bare) {
      if (other.bootstrap.delete(address)) target.bootstrap.add(address)
    }
    other.bare.clear()
    this.leaveDialling(other)
    other.state = 'waiting'
    if (other.full.size === 0) this.remove(key)
    else this.backOff(nowMs, other)
  }

  private down (nowMs: number, peerId: string): void {
    const target = this.targets.get(peerId)
    if (target === undefined || target.state !== 'up') return
    target.state = 'waiting'
    if (nowMs - target.upSinceMs >= DIAL_STABLE_MS) target.attempts = 0
    this.backOff(nowMs, target)
  }

  private failed (nowMs: number, input: Extract<DialInput, { type: 'failed' }>, out: DialOutput[]): void {
    const target = this.targets.get(input.key)
    if (target === undefined || target.state !== 'dialling') return
    this.leaveDialling(target)
    target.state = 'waiting'
    this.backOff(nowMs, target)
    for (const address of target.bootstrap) out.push({ type: 'unreachable', address, reason: input.reason })
  }

  private refused (nowMs: number, { key, peerId }: Extract<DialInput, { type: 'refused' }>): void {
    const untilMs = nowMs + DIAL_BACKOFF_REFUSED_MS * (0.75 + this.random() / 2)
    for (const name of new Set([key, peerId])) {
      const target = name === undefined ? undefined : this.targets.get(name)
      if (target !== undefined && target.state !== 'up') this.bar(nowMs, target, untilMs)
    }
  }

  private bar (nowMs: number, target: Target, untilMs: number): void {
    if (target.state === 'dialling') {
      this.leaveDialling(target)
      target.state = 'waiting'
    }
    target.barredMs = Math.max(target.barredMs, untilMs)
    target.dueMs = Math.max(nowMs, target.barredMs)
  }

  private hurry (nowMs: number): void {
    for (const target of this.targets.values()) {
      target.attempts = 0
      if (target.state === 'waiting') target.dueMs = Math.max(target.barredMs, Math.min(target.dueMs, nowMs + this.random() * DIAL_BACKOFF_FIRST_MS))
    }
  }

  private backOff (nowMs: number, target: Target): void {
    const fullMs = target.attempts < DIAL_EARLY_ATTEMPTS
      ? Math.min(DIAL_BACKOFF_EARLY_MS, DIAL_BACKOFF_FIRST_MS * 2 ** target.attempts)
      : Math.min(DIAL_BACKOFF_MAX_MS, DIAL_BACKOFF_EARLY_MS * 2 ** Math.min(target.attempts - DIAL_EARLY_ATTEMPTS, 20))
    target.attempts++
    target.dueMs = Math.max(target.barredMs, nowMs + fullMs * (0.5 + this.random() / 2))
  }

  private schedule (nowMs: number, out: DialOutput[]): void {
    let nextMs = Infinity
    for (const target of this.targets.values()) {
      if (target.state !== 'waiting' || target.full.size + target.bare.size === 0) continue
      if (target.dueMs > nowMs) {
        nextMs = Math.min(nextMs, target.dueMs)
      } else if (this.dialling < DIALS_AT_ONCE_MAX) {
        target.state = 'dialling'
        this.dialling++
        const useBare = target.bare.size > 0 && (target.full.size === 0 || target.attempts % 2 === 0)
        out.push({ type: 'dial', key: target.key, addresses: [...useBare ? target.bare : target.full] })
      }
    }
    if (nextMs !== Infinity) out.push({ type: 'wakeAt', atMs: nextMs })
  }

  private leaveDialling (target: Target): void {
    if (target.state === 'dialling') this.dialling--
  }

  private remove (key: string): void {
    const target = this.targets.get(key)
    if (target === undefined) return
    this.leaveDialling(target)
    this.targets.delete(key)
  }

  private target (key: string, known: boolean): Target {
    const existing = this.targets.get(key)
    if (existing !== undefined) return existing
    if (this.targets.size >= DIAL_TARGETS_MAX) this.evict()
    const target: Target = {
      key, known, full: new Set(), bare: new Set(), bootstrap: new Set(), state: 'waiting', attempts: 0, dueMs: 0, barredMs: 0, upSinceMs: 0
    }
    this.targets.set(key, target)
    return target
  }

  /** Gives up the one that failed most often and is nobody's bootstrap peer. */
  private evict (): void {
    let worst: Target | undefined
    for (const target of this.targets.values()) {
      if (target.state !== 'waiting' || target.bootstrap.size > 0) continue
      if (worst === undefined || target.attempts > worst.attempts) worst = target
    }
    if (worst !== undefined) this.targets.delete(worst.key)
  }
}

/** The newest addresses are kept. */
function remember (set: Set<string>, addresses: readonly string[]): void {
  for (const address of addresses) {
    set.delete(address)
    set.add(address)
    if (set.size > ADDRESSES_PER_PEER_MAX) set.delete(set.values().next().value as string)
  }
}
