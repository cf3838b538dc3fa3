/** One peer: its connections, which of them is in use, and whether that one is well. */
import type { Clock, Timer } from '../base/clock.js'
import type { Channel } from './channel.js'
import { Election, type ElectionInput, type ElectionOutput } from './election.js'
import { FRAME, type FrameKind } from './frames.js'
import type { Gossip } from './gossip.js'
import type { HandshakePeer } from './handshake.js'
import { printable } from './handshake.js'
import { Liveness } from './liveness.js'
import type { NetworkPeer } from './network.js'
import { Watchdog } from './watchdog.js'

const PING_BYTES_MAX = 16
const BYE_CHARACTERS_MAX = 128

const DISMISS_MS = 500

export interface NeighbourEvents {
  up (peer: NetworkPeer, channel: Channel): void
  down (reason: string): void
  data (frame: Uint8Array): void
}

const KINDS = { choose: FRAME.choose, chosen: FRAME.chosen, up: FRAME.up, ping: FRAME.ping } as const

export class Neighbour {
  up: NetworkPeer | undefined
  upChannel: Channel | undefined
  private readonly election: Election
  private readonly channels = new Map<string, Channel>()
  private readonly liveness = new Map<string, Liveness>()
  private watchdog: Watchdog | undefined
  private wake: Timer | undefined

  constructor (
    private readonly peerId: string,
    chooser: boolean,
    private readonly clock: Clock,
    private readonly gossip: Gossip,
    private readonly events: NeighbourEvents
  ) {
    this.election = new Election(chooser)
  }

  get empty (): boolean { return this.channels.size === 0 }
  get unsent (): number { return this.upChannel?.link?.unsent ?? 0 }

  ready (channel: Channel, peer: HandshakePeer): void {
    const { id } = channel.connection
    this.channels.set(id, channel)
    this.liveness.set(id, new Liveness(this.clock.nowMs()))
    this.decide({ type: 'ready', link: id, instance: peer.instance })
  }

  closed (channel: Channel, reason: string): void {
    const { id } = channel.connection
    if (!this.channels.delete(id)) return
    this.liveness.delete(id)
    this.decide({ type: 'closed', link: id, reason })
    if (this.empty) this.wake?.cancel()
  }

  send (frame: Uint8Array): boolean {
    const { upChannel } = this
    const result = upChannel?.link?.send(frame) ?? true
    if (result !== 'overflow') return result
    this.clock.soon(() => { upChannel?.end('the peer does not take what it is sent') })
    return false
  }

  data (channel: Channel, frame: Uint8Array): void {
    // Data on a link that is not, or no longer, in use was under way when it went down.
    if (channel === this.upChannel) this.events.data(frame)
  }

  control (channel: Channel, kind: FrameKind, payload: Uint8Array): void {
    const { id } = channel.connection
    switch (kind) {
      case FRAME.data: return
      case FRAME.ping:
        if (payload.length > PING_BYTES_MAX || channel.link?.control(FRAME.pong, payload) === false) channel.end('the peer pings too much')
        return
      case FRAME.pong:
        this.liveness.get(id)?.answered()
        this.decide({ type: 'alive', link: id })
        return
      case FRAME.choose: this.decide({ type: 'choose', link: id }); return
      case FRAME.chosen: this.decide({ type: 'chosen', link: id }); return
      case FRAME.up: this.decide({ type: 'up', link: id }); return
      case FRAME.bye: channel.onBye(`the peer closed: ${printable(Buffer.from(payload).toString('utf8'), BYE_CHARACTERS_MAX)}`); return
      case FRAME.heard: channel.onHeard()
    }
  }

  progress (channel: Channel, heard: boolean): void {
    const liveness = this.liveness.get(channel.connection.id)
    if (heard) liveness?.heard()
    else liveness?.answered()
  }

  gossipOpened (): void { this.watchdog?.gossipOpened() }

  /** The gossip stream to the peer ended. Judged on a later turn, when a closing connection has told so. */
  gossipClosed (): void {
    const { upChannel } = this
    this.clock.soon(() => { if (upChannel !== undefined && upChannel === this.upChannel && !upChannel.over) this.watch(upChannel) })
  }

  tick (slept: boolean): void {
    const nowMs = this.clock.nowMs()
    for (const [id, channel] of [...this.channels]) {
      const verdict = this.liveness.get(id)?.tick(nowMs, slept)
      if (verdict === 'ping') channel.link?.control(FRAME.ping)
      else if (verdict === 'cut') channel.end('the peer fell silent')
    }
    if (this.upChannel !== undefined) {
      this.watch(this.upChannel)
      this.gossip.control.checkDrained(this.peerId)
    }
  }

  pause (ms: number): void { this.upChannel?.link?.pause(ms) }

  cut (reason: string): void { this.upChannel?.end(reason) }

  /** Down at once; the peer is told why, if it listens. */
  dismiss (reason: string): void {
    const { upChannel } = this
    if (upChannel === undefined) return
    this.closed(upChannel, reason)
    void upChannel.close(reason, DISMISS_MS)
  }

  /** Closes the link in use after what waits is sent, within `graceMs`. */
  async leave (reason: string, graceMs: number): Promise<void> {
    await this.upChannel?.close(reason, graceMs, () => (this.gossip.control.unsent(this.peerId) ?? 0) === 0)
  }

  private watch (channel: Channel): void {
    const { control } = this.gossip
    const verdict = this.watchdog?.look(this.clock.nowMs(), { unsent: control.unsent(this.peerId), hears: control.hears(this.peerId) })
    if (verdict?.type === 'reopen') this.gossip.announce(channel.connection)
    else if (verdict?.type === 'cut') channel.end(verdict.reason)
  }

  private decide (input: ElectionInput): void {
    const out: ElectionOutput[] = []
    this.election.handle(this.clock.nowMs(), input, out)
    for (const output of out) this.act(output)
  }

  private act (output: ElectionOutput): void {
    switch (output.type) {
      case 'send': this.channels.get(output.link)?.link?.control(KINDS[output.kind]); return
      case 'close': this.channels.get(output.link)?.end(output.reason); return
      case 'peerUp': this.raise(this.channels.get(output.link)); return
      case 'peerDown': this.lower(output.reason); return
      case 'wakeAt':
        this.wake?.cancel()
        this.wake = this.clock.after(output.atMs - this.clock.nowMs(), () => { this.decide({ type: 'wake' }) })
    }
  }

  private raise (channel: Channel | undefined): void {
    if (channel?.peer === undefined) return
    const { relay, agent, clockOffsetMs } = channel.peer
    const { remoteAddr, direction } = channel.connection
    channel.settled()
    this.upChannel = channel
    this.watchdog = new Watchdog(this.clock.nowMs())
    this.up = { id: this.peerId, clockOffsetMs, relay, agent, address: remoteAddr.toString(), direction }
    this.events.up(this.up, channel)
  }

  private lower (reason: string): void {
    if (this.up === undefined) return
    this.up = undefined
    this.upChannel = undefined
    this.watchdog = undefined
    this.events.down(reason)
  }
}
