/**
 * What a neighbour may send through gossipsub, which reads as fast as it can and remembers each message for a while, whatever is in it.
 *
 *   messages  above the budget the stream is read more slowly; what an honest neighbour then withholds repair brings
 *   junk      subscriptions, grafts, prunes, talk about messages, and messages on topics that this node has not joined: no
 *             honest neighbour has much to say there, so whoever uses this budget up is cut off
 *
 * Leans on the inside of gossipsub as gossip-bound.ts does. Budgets outlive the connection.
 */
import type { PeerId } from '@libp2p/interface'
import { Budget } from '../base/budget.js'
import { GOSSIP_JUNK_BURST, GOSSIP_JUNK_PER_SECOND, GOSSIP_MESSAGES_BURST, GOSSIP_MESSAGES_PER_SECOND } from './network-limits.js'

/** Peers whose budgets are remembered. */
const PEERS_MAX = 4096
/** Identifiers of messages count as one entry together for so many. */
const IDS_PER_UNIT = 50
/** So do so many bytes that are not those of messages. */
const BYTES_PER_UNIT = 1024

interface Ids { readonly messageIDs?: readonly unknown[] }

export interface GuardedRpc {
  readonly subscriptions?: ReadonlyArray<{ readonly topic?: string }>
  readonly messages?: ReadonlyArray<{ readonly topic?: string, readonly data?: Uint8Array }>
  readonly control?: { readonly ihave?: readonly Ids[], readonly iwant?: readonly Ids[], readonly idontwant?: readonly Ids[], readonly graft?: readonly unknown[], readonly prune?: readonly unknown[] }
}

/** The members of gossipsub that are stood before. */
export interface GuardedInside {
  readonly streamsInbound: Map<string, unknown>
  pipePeerReadStream (peerId: PeerId, source: AsyncIterable<{ subarray (): Uint8Array, readonly byteLength: number }>): Promise<void>
  decodeRpc (bytes: Uint8Array): GuardedRpc
  handleReceivedRpc (from: PeerId, rpc: GuardedRpc): Promise<void>
}

export interface GuardOptions {
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
  readonly isJoined: (topic: string) => boolean
  readonly offence: (peerId: string, reason: string) => void
}

interface Allowance { readonly messages: Budget, readonly junk: Budget }

export class GossipGuard {
  readonly #allowances = new Map<string, Allowance>()
  /** Who sent the bytes that are about to be decoded. */
  readonly #senders = new WeakMap<Uint8Array, string>()
  readonly #sizes = new WeakMap<GuardedRpc, number>()

  constructor (private readonly inside: GuardedInside, private readonly o: GuardOptions) {}

  /** From here on all that gossipsub reads comes through here. */
  stand (): void {
    const { inside } = this
    const { pipePeerReadStream, decodeRpc, handleReceivedRpc } = inside
    inside.pipePeerReadStream = (peerId, source) => pipePeerReadStream.call(inside, peerId, this.#paced(peerId.toString(), source))
    inside.decodeRpc = (bytes) => {
      try {
        const rpc = decodeRpc.call(inside, bytes)
        this.#sizes.set(rpc, bytes.length)
        return rpc
      } catch (error) {
        const peerId = this.#senders.get(bytes)
        if (peerId !== undefined) this.o.offence(peerId, 'gossip that does not decode, or has too much in one piece')
        throw error
      }
    }
    inside.handleReceivedRpc = async (from, rpc) => {
      if (this.#admits(from.toString(), rpc)) await handleReceivedRpc.call(inside, from, rpc)
    }
  }

  #of (peerId: string): Allowance {
    let allowance = this.#allowances.get(peerId)
    if (allowance !== undefined) return allowance
    const now = this.o.nowMs()
    allowance = { messages: new Budget(GOSSIP_MESSAGES_PER_SECOND, GOSSIP_MESSAGES_BURST, now), junk: new Budget(GOSSIP_JUNK_PER_SECOND, GOSSIP_JUNK_BURST, now) }
    if (this.#allowances.size >= PEERS_MAX) this.#allowances.delete(this.#allowances.keys().next().value as string)
    this.#allowances.set(peerId, allowance)
    return allowance
  }

  async * #paced (peerId: string, source: AsyncIterable<{ subarray (): Uint8Array, readonly byteLength: number }>): AsyncGenerator<{ subarray (): Uint8Array, readonly byteLength: number }> {
    for await (const data of source) {
      const { messages } = this.#of(peerId)
      const owedMs = messages.owedMs(this.o.nowMs())
      if (owedMs > 0) await this.#slow(peerId, owedMs)
      messages.spend(this.o.nowMs(), 1)
      const bytes = data.subarray()
      this.#senders.set(bytes, peerId)
      yield { subarray: () => bytes, byteLength: bytes.length }
    }
  }

  /** Gossipsub iterates the stream, which takes in without end meanwhile unless it is paused. */
  async #slow (peerId: string, ms: number): Promise<void> {
    const { rawStream } = (this.inside.streamsInbound.get(peerId) ?? {}) as { rawStream?: { readonly status: string, readonly readStatus: string, pause (): void, resume (): void } }
    if (rawStream?.readStatus === 'readable') rawStream.pause()
    await this.o.wait(Math.min(ms, 1000))
    if (rawStream?.status === 'open' && rawStream.readStatus === 'paused') rawStream.resume()
  }

  #admits (peerId: string, rpc: GuardedRpc): boolean {
    const { subscriptions = [], messages = [], control } = rpc
    const allowance = this.#of(peerId)
    const now = this.o.nowMs()
    let strays = 0
    for (const { topic } of messages) if (topic === undefined || !this.o.isJoined(topic)) strays++
    const ids = (entries: readonly Ids[] = []): number => entries.reduce((sum, { messageIDs }) => sum + (messageIDs?.length ?? 0), 0)
    const talk = [control?.ihave, control?.iwant, control?.idontwant].reduce((sum, entries) => sum + ids(entries) + (entries?.length ?? 0), 0)
    const wordy = ((this.#sizes.get(rpc) ?? 0) - messages.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)) / BYTES_PER_UNIT
    const junk = strays + wordy + subscriptions.length + ((control?.graft?.length ?? 0) + (control?.prune?.length ?? 0)) / 2 + talk / IDS_PER_UNIT
    allowance.messages.spend(now, messages.length)
    if (allowance.junk.spend(now, junk)) return true
    this.o.offence(peerId, 'a flood of gossip’s own messages')
    return false
  }
}
