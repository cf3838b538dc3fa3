/** One node of the memory network. */
import type { Clock, Timer } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { FRAME_BYTES_MAX, GOSSIP_BUFFER_BYTES_MAX, GOSSIP_BYTES_MAX, LINK_BUFFER_BYTES_MAX, LINK_BUFFER_HIGH_WATER_BYTES } from '../base/limits.js'
import { Bans } from './bans.js'
import { Dialer, type DialInput, type DialOutput } from './dialer.js'
import { memoryAddress, parseMemoryAddress, type Fabric } from './memory-fabric.js'
import { Pipe, type Parcel } from './memory-pipe.js'
import type { GossipSent, Network, NetworkHandlers, NetworkNotice, NetworkPeer } from './network.js'
import { SILENCE_MAX_MS } from './network-limits.js'
import { NoticeFilter } from './notices.js'
import { refusalNotice, refusalSentence, type RefusalCode } from './refusal.js'
import { SeenSet } from './seen-set.js'

export interface MemoryNodeOptions {
  readonly peerId: string
  readonly mesh: string
  readonly relay: boolean
  readonly agent: string
  readonly bootstrap: readonly string[]
  readonly clock: Clock
}

/** This node's end of a link. The other end has the same `instance`. */
interface End {
  readonly peer: NetworkPeer
  readonly instance: object
  readonly other: MemoryNode
  readonly out: Pipe
  readonly interests: Set<string>
  /** Nothing is taken from the other side before, ms. */
  pausedUntilMs: number
  /** `send` said false. */
  high: boolean
  /** Gossip was withheld. */
  behind: boolean
}

const STOP_GRACE_MS = 1000
const STOP_LOOK_MS = 5
/** So many rejected messages, and the neighbour's gossip is passed over for so long. As gossipsub's score does. */
const REJECTS_MAX = 3
const REJECTED_FOR_MS = 60_000

export class MemoryNode implements Network {
  readonly peerId: string
  readonly mesh: string
  private readonly dialer: Dialer
  private readonly notices = new NoticeFilter()
  private readonly seen: SeenSet
  private readonly ends = new Map<string, End>()
  private readonly topics = new Set<string>()
  private readonly bans = new Bans()
  private readonly rejects = new Map<string, { count: number, untilMs: number }>()
  private handlers: NetworkHandlers | undefined
  private timer: Timer | undefined
  /** Whom to dial once it runs. */
  private readonly early: DialInput[] = []
  private state: 'idle' | 'running' | 'stopping' | 'over' = 'idle'

  constructor (private readonly fabric: Fabric<MemoryNode>, private readonly options: MemoryNodeOptions) {
    this.peerId = options.peerId
    this.mesh = options.mesh
    this.seen = new SeenSet(options.clock)
    this.dialer = new Dialer(this.peerId, () => fabric.random.float())
    for (const address of options.bootstrap) this.addBootstrap(address)
  }

  /** Its own, which may run otherwise than the mesh's. */
  private get clock (): Clock { return this.options.clock }

  get running (): boolean { return this.state === 'running' }

  async start (handlers: NetworkHandlers): Promise<void> {
    if (this.state !== 'idle') throw new SkeinError('ERR_CLOSED', 'the network was started before')
    this.handlers = handlers
    this.state = 'running'
    for (const input of this.early.splice(0)) this.dial(input)
  }

  async stop (): Promise<void> {
    if (this.state !== 'running') {
      this.state = 'over'
      this.fabric.left(this)
      return
    }
    this.state = 'stopping'
    this.timer?.cancel()
    const { clock } = this.fabric
    const endMs = clock.nowMs() + STOP_GRACE_MS
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (clock.nowMs() >= endMs || [...this.ends.values()].every(({ out }) => out.empty)) resolve()
        else clock.after(STOP_LOOK_MS, look)
      }
      clock.soon(look)
    })
    for (const id of [...this.ends.keys()]) this.drop(id, 'the network stops')
    this.state = 'over'
    this.fabric.left(this)
  }

  /** The process is gone at once. Neighbours notice, or with `silently` (power loss) only when they hear nothing more. */
  kill (options: { readonly silently?: boolean } = {}): void {
    this.state = 'over'
    this.timer?.cancel()
    this.fabric.left(this)
    for (const end of this.ends.values()) {
      end.out.close()
      if (options.silently === true) this.fabric.clock.after(SILENCE_MAX_MS, () => { end.other.dropInstance(this.peerId, end.instance, 'the peer fell silent') })
      else this.tellEnd(end, 'the connection closed')
    }
    this.ends.clear()
  }

  addresses (): string[] { return this.state === 'running' ? [memoryAddress(this.peerId)] : [] }

  peers (): NetworkPeer[] { return [...this.ends.values()].map(({ peer }) => peer) }

  send (peerId: string, frame: Uint8Array): boolean {
    if (frame.length > FRAME_BYTES_MAX) throw new SkeinError('ERR_MESSAGE_TOO_LARGE', `a frame of ${frame.length} bytes is over the limit of ${FRAME_BYTES_MAX}`)
    const end = this.state === 'running' ? this.ends.get(peerId) : undefined
    if (end === undefined) return true
    if (end.out.frameBytes + frame.length > LINK_BUFFER_BYTES_MAX) {
      this.fabric.clock.soon(() => { this.dropInstance(peerId, end.instance, 'the peer does not take what it is sent') })
      return false
    }
    end.out.push({ type: 'frame', data: frame.slice() })
    if (end.out.frameBytes > LINK_BUFFER_HIGH_WATER_BYTES) end.high = true
    return !end.high
  }

  gossip (topic: string, data: Uint8Array): GossipSent {
    if (data.length > GOSSIP_BYTES_MAX - 1024) throw new SkeinError('ERR_MESSAGE_TOO_LARGE', `gossip of ${data.length} bytes is over the limit`)
    const id = gossipId(topic, data)
    if (this.state !== 'running' || !this.seen.add(id)) return { recipients: 0, withheld: [], full: false }
    return this.flood(topic, data.slice(), id, undefined)
  }

  unsentBytes (): number {
    let bytes = 0
    for (const { out } of this.ends.values()) bytes += out.frameBytes + out.gossipBytes
    return bytes
  }

  join (topic: string): void { this.announce(topic, true) }

  leave (topic: string): void { this.announce(topic, false) }

  addBootstrap (address: string): void {
    this.dial({ type: 'add', peerId: parseMemoryAddress(address), addresses: [address], bootstrap: true })
  }

  disconnect (peerId: string, reason: string, banMs?: number): void {
    if (banMs !== undefined && banMs > 0) {
      const untilMs = this.clock.nowMs() + banMs
      this.bans.add(peerId, untilMs)
      this.dial({ type: 'banned', peerId, untilMs })
    }
    this.clock.soon(() => { this.drop(peerId, reason) })
  }

  banned (peerId: string): boolean { return this.bans.has(this.clock.nowMs(), peerId) }

  linkedTo (other: MemoryNode): boolean {
    const end = this.ends.get(other.peerId)
    return end !== undefined && other.ends.get(this.peerId)?.instance === end.instance
  }

  dialFailed (key: string, reason: string): void { this.dial({ type: 'failed', key, reason }) }

  dialSame (key: string, peerId: string): void { this.dial({ type: 'same', key, peerId }) }

  refused (peerId: string, code: RefusalCode, byUs: boolean, key: string | undefined): void {
    this.dial({ type: 'refused', key, peerId })
    const message = refusalNotice(peerId, code, byUs, refusalSentence(code))
    this.notice(peerId, { code: 'ERR_HANDSHAKE_REFUSED', message, peerId, address: memoryAddress(peerId) })
  }

  raise (other: MemoryNode, direction: NetworkPeer['direction'], instance: object, key: string | undefined): void {
    const { fabric } = this
    const id = other.peerId
    this.dropInstance(id, this.ends.get(id)?.instance, 'another link to the peer took over')
    const peer: NetworkPeer = {
      id,
      clockOffsetMs: Math.round(other.options.clock.wallMs() - this.options.clock.wallMs()),
      relay: other.options.relay,
      agent: other.options.agent,
      address: memoryAddress(id),
      direction
    }
    const out = new Pipe(
      fabric.clock,
      (bytes) => fabric.latencyMs(this.peerId, id, bytes),
      () => fabric.isBlocked(this.peerId, id) || other.pauses(this.peerId, instance),
      (parcel) => { other.receive(this.peerId, instance, parcel) },
      () => { this.onTaken(id, instance) }
    )
    this.ends.set(id, { peer, instance, other, out, interests: new Set(), pausedUntilMs: 0, high: false, behind: false })
    this.dial({ type: 'up', peerId: id, addresses: [memoryAddress(id)], key })
    this.notices.clear('ERR_UNREACHABLE', memoryAddress(id))
    fabric.observe('up', id, this.peerId, undefined)
    this.call((handlers) => { handlers.peerUp(peer) })
    for (const topic of this.topics) out.push({ type: 'interest', topic, joined: true })
  }

  /** Ends the link on this side; the other side learns of it if word gets through. */
  drop (peerId: string, reason: string): void { this.dropInstance(peerId, this.ends.get(peerId)?.instance, reason) }

  dropInstance (peerId: string, instance: object | undefined, reason: string): void {
    const end = this.ends.get(peerId)
    if (end === undefined || end.instance !== instance) return
    this.ends.delete(peerId)
    end.out.close()
    this.tellEnd(end, reason)
    this.dial({ type: 'down', peerId })
    this.fabric.observe('down', peerId, this.peerId, undefined)
    this.call((handlers) => { handlers.peerDown(peerId, reason) })
  }

  /** The link is gone on this side, and the other side is told nothing. */
  lose (peerId: string): void {
    const end = this.ends.get(peerId)
    if (end === undefined) return
    const { fabric } = this
    this.ends.delete(peerId)
    end.out.close()
    fabric.clock.after(SILENCE_MAX_MS, () => { end.other.dropInstance(this.peerId, end.instance, 'the peer fell silent') })
    this.dial({ type: 'down', peerId })
    this.call((handlers) => { handlers.peerDown(peerId, 'the connection was lost') })
  }

  pause (peerId: string, ms: number): void {
    const end = this.ends.get(peerId)
    const { clock } = this.fabric
    const untilMs = clock.nowMs() + ms
    if (end === undefined || untilMs <= end.pausedUntilMs) return
    end.pausedUntilMs = untilMs
    clock.after(ms, () => { if (this.ends.get(peerId) === end) end.other.unblocked(this.peerId) })
  }

  pauses (peerId: string, instance: object): boolean {
    const end = this.ends.get(peerId)
    return end !== undefined && end.instance === instance && end.pausedUntilMs > this.fabric.clock.nowMs()
  }

  unblocked (peerId: string): void { this.ends.get(peerId)?.out.arm() }

  private receive (from: string, instance: object, parcel: Parcel): void {
    const end = this.ends.get(from)
    if (end === undefined || end.instance !== instance) return
    this.fabric.observe(parcel.type, from, this.peerId, 'data' in parcel ? parcel.data : undefined)
    switch (parcel.type) {
      case 'frame': this.call((handlers) => { handlers.frame(from, parcel.data) }); return
      case 'gossip': this.onGossip(from, parcel); return
      case 'end': this.dropInstance(from, instance, parcel.reason); return
      case 'interest':
        if (end.interests.has(parcel.topic) === parcel.joined) return
        if (parcel.joined) end.interests.add(parcel.topic)
        else end.interests.delete(parcel.topic)
        this.call((handlers) => { handlers.interest(from, parcel.topic, parcel.joined) })
    }
  }

  private onGossip (from: string, { topic, data, id, forgotten }: Parcel & { type: 'gossip' }): void {
    if (!this.topics.has(topic) || this.handlers === undefined) return
    const nowMs = this.clock.nowMs()
    const rejects = this.rejects.get(from)
    if (rejects !== undefined && nowMs >= rejects.untilMs) this.rejects.delete(from)
    else if (rejects !== undefined && rejects.count >= REJECTS_MAX) return
    if (!this.seen.add(id) && !forgotten) return
    let verdict = 'ignore'
    this.call((handlers) => { verdict = handlers.gossip(topic, data, from) })
    if (verdict === 'accept') this.flood(topic, data, id, from)
    else if (verdict === 'reject') this.rejects.set(from, { count: (this.rejects.get(from)?.count ?? 0) + 1, untilMs: nowMs + REJECTED_FOR_MS })
  }

  private flood (topic: string, data: Uint8Array, gossipId: string, from: string | undefined): GossipSent {
    const withheld: string[] = []
    const tried: End[] = []
    let recipients = 0
    for (const [id, end] of this.ends) {
      if (id === from || !end.interests.has(topic)) continue
      tried.push(end)
      if (end.out.gossipBytes > 0 && end.out.gossipBytes + data.length > GOSSIP_BUFFER_BYTES_MAX) {
        end.behind = true
        withheld.push(id)
      } else {
        for (const { delayMs, forgotten = false } of this.fabric.gossipFate(this.peerId, id, data.length)) {
          const parcel: Parcel = { type: 'gossip', topic, data, id: gossipId, forgotten }
          if (delayMs <= 0) end.out.push(parcel)
          else this.fabric.clock.after(delayMs, () => { end.out.push(parcel) })
        }
        recipients++
      }
    }
    const full = from === undefined && tried.length > 0 && tried.every(({ out }) => out.gossipBytes > GOSSIP_BUFFER_BYTES_MAX / 2)
    if (full) for (const end of tried) end.behind = true
    return { recipients, withheld, full }
  }

  private announce (topic: string, joined: boolean): void {
    if (this.topics.has(topic) === joined) return
    if (joined) this.topics.add(topic)
    else this.topics.delete(topic)
    for (const { out } of this.ends.values()) out.push({ type: 'interest', topic, joined })
  }

  private onTaken (peerId: string, instance: object): void {
    const end = this.ends.get(peerId)
    if (end === undefined || end.instance !== instance) return
    const links = end.high && end.out.frameBytes <= LINK_BUFFER_HIGH_WATER_BYTES / 2
    const gossip = end.behind && end.out.gossipBytes <= GOSSIP_BUFFER_BYTES_MAX / 2
    if (links) end.high = false
    if (gossip) end.behind = false
    if (links || gossip) this.call((handlers) => { handlers.drained(peerId) })
  }

  /** Word of the end travels like anything else. */
  private tellEnd (end: End, reason: string): void {
    const { fabric } = this
    const { other, peer, instance } = end
    const pipe = new Pipe(
      fabric.clock,
      (bytes) => fabric.latencyMs(this.peerId, peer.id, bytes),
      () => false,
      () => {
        // Where no word gets through the other side hears nothing more, and gives the link up for that.
        if (fabric.isPaused(peer.id)) other.options.clock.soon(() => { other.dropInstance(this.peerId, instance, reason) })
        else if (fabric.isBlocked(this.peerId, peer.id)) fabric.clock.after(SILENCE_MAX_MS, () => { other.dropInstance(this.peerId, instance, 'the peer fell silent') })
        else other.dropInstance(this.peerId, instance, reason)
      },
      () => {}
    )
    pipe.push({ type: 'end', reason })
  }

  private dial (input: DialInput): void {
    if (this.state === 'idle') this.early.push(input)
    if (this.state !== 'running') return
    const out: DialOutput[] = []
    this.dialer.handle(this.clock.nowMs(), input, out)
    for (const output of out) {
      switch (output.type) {
        case 'dial': this.fabric.dial(this, parseMemoryAddress(output.addresses[0] as string), output.key); break
        case 'unreachable':
          this.notice(output.address, { code: 'ERR_UNREACHABLE', message: `nothing answers at ${output.address} (${output.reason}); it is tried again for ever`, address: output.address })
          break
        case 'wakeAt':
          this.timer?.cancel()
          this.timer = this.clock.after(output.atMs - this.clock.nowMs(), () => { this.dial({ type: 'wake' }) })
      }
    }
  }

  private notice (subject: string, notice: NetworkNotice): void {
    if (!this.notices.pass(this.clock.nowMs(), notice.code, subject)) return
    this.clock.soon(() => { this.call((handlers) => { handlers.notice(notice) }) })
  }

  private call (fn: (handlers: NetworkHandlers) => void): void {
    if (this.handlers === undefined || (this.state !== 'running' && this.state !== 'stopping')) return
    try {
      fn(this.handlers)
    } catch (error) {
      this.fabric.handlerFault(error)
    }
  }
}

/** Stands for topic and data among whatever one mesh gossips: nobody here looks for two messages with the same one. */
function gossipId (topic: string, data: Uint8Array): string {
  let a = 0x2545f491 ^ data.length
  let b = 0x5bd1e995
  for (let i = 0; i < topic.length; i++) a = Math.imul(a ^ topic.charCodeAt(i), 0x85ebca6b)
  for (const byte of data) {
    a = Math.imul(a ^ byte, 0x85ebca6b)
    a ^= a >>> 13
    b = Math.imul(b + a | 0, 0xc2b2ae35)
    b ^= b >>> 15
  }
  return String.fromCharCode(a & 0xffff, a >>> 16, b & 0xffff, b >>> 16)
}
