import type { GossipVerdict, Network, NetworkHandlers, NetworkNotice, NetworkPeer } from '../../src/network/network.js'

/** Waits for a condition; fails with `what` after the deadline. */
export async function until (condition: () => boolean, what: string, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`)
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
}

export interface Heard { readonly topic: string, readonly data: Uint8Array, readonly from: string }

/** Handlers that write down all that happens. */
export class Recorder implements NetworkHandlers {
  readonly events: string[] = []
  readonly frames = new Map<string, Uint8Array[]>()
  readonly heard: Heard[] = []
  readonly notices: NetworkNotice[] = []
  readonly drains: string[] = []
  readonly interests = new Set<string>()
  readonly up = new Map<string, NetworkPeer>()
  readonly downs: Array<{ peerId: string, reason: string }> = []
  verdict: (heard: Heard) => GossipVerdict = () => 'accept'
  onFrame: (peerId: string, frame: Uint8Array) => void = () => {}
  /** Set while a call to the port runs: no handler may be called then. */
  inCall = false
  faults: string[] = []

  peerUp (peer: NetworkPeer): void {
    this.note(`up ${peer.id}`)
    if (this.up.has(peer.id)) this.faults.push('peerUp twice')
    this.up.set(peer.id, peer)
  }

  peerDown (peerId: string, reason: string): void {
    this.note(`down ${peerId}`)
    if (!this.up.delete(peerId)) this.faults.push('peerDown of a peer that was not up')
    for (const interest of this.interests) if (interest.startsWith(`${peerId} `)) this.interests.delete(interest)
    this.downs.push({ peerId, reason })
  }

  frame (peerId: string, frame: Uint8Array): void {
    this.note('frame')
    if (!this.up.has(peerId)) this.faults.push('frame of a peer that is not up')
    const frames = this.frames.get(peerId) ?? []
    frames.push(frame)
    this.frames.set(peerId, frames)
    this.onFrame(peerId, frame)
  }

  gossip (topic: string, data: Uint8Array, from: string): GossipVerdict {
    this.note('gossip')
    const heard = { topic, data, from }
    this.heard.push(heard)
    return this.verdict(heard)
  }

  drained (peerId: string): void {
    this.note('drained')
    this.drains.push(peerId)
  }

  interest (peerId: string, topic: string, joined: boolean): void {
    this.note('interest')
    if (joined) this.interests.add(`${peerId} ${topic}`)
    else this.interests.delete(`${peerId} ${topic}`)
  }

  notice (notice: NetworkNotice): void {
    this.note('notice')
    this.notices.push(notice)
  }

  texts (peerId: string): string[] {
    return (this.frames.get(peerId) ?? []).map((frame) => Buffer.from(frame).toString())
  }

  gossiped (topic: string): string[] {
    return this.heard.filter((heard) => heard.topic === topic).map(({ data }) => Buffer.from(data).toString())
  }

  private note (event: string): void {
    if (this.inCall) this.faults.push(`${event} came from within a call`)
    this.events.push(event)
  }
}

/** A network and what it told. */
export class Node {
  readonly told = new Recorder()

  constructor (readonly network: Network) {}

  get id (): string { return this.network.peerId }
  get address (): string { return this.network.addresses()[0] as string }

  start (): Promise<void> { return this.network.start(this.told) }

  /** Runs a call to the port and notes handlers that are called from within it. */
  call<T> (fn: (network: Network) => T): T {
    this.told.inCall = true
    try {
      return fn(this.network)
    } finally {
      this.told.inCall = false
    }
  }

  isUp (other: Node): boolean { return this.told.up.has(other.id) }

  knows (other: Node, topic: string): boolean { return this.told.interests.has(`${other.id} ${topic}`) }
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)
