/**
 * The handshake: who are you, of which mesh, which versions, what time is it. Without IO.
 *
 * ```
 * dialler                                   listener
 *   │ hello, times{sent: t1}                    │
 *   │ ────────────────────────────────────────► │ t2   may refuse
 *   │         hello, times{sent: t3, heard: t2} │
 *   │ ◄──────────────────────────────────────── │
 * t4│ may refuse;   times{sent: t5, heard: t4}  │
 *   │ ────────────────────────────────────────► │ t6   done
 * ```
 *
 * Clock offsets are NTP's: the mean of how much later the other clock was on the way there and on the way back, so
 * that half of the round trip is the most it can be wrong by. A refusal carries a code and a sentence; whoever
 * gives or gets one closes the connection.
 */
import type { MultiaddrString, RefusalCode } from './refusal.js'
import { HELLO_ADDRESSES_MAX, HELLO_ADDRESS_BYTES_MAX, HELLO_AGENT_BYTES_MAX, REFUSAL_BYTES_MAX } from './network-limits.js'
import { Handshake as Message } from './hello.js'
import { REFUSAL, refusalSentence } from './refusal.js'

export interface HandshakeSelf {
  readonly meshHash: Uint8Array
  readonly instance: Uint8Array
  readonly versionMin: number
  readonly versionMax: number
  readonly relay: boolean
  readonly agent: string
  readonly addresses: readonly MultiaddrString[]
}

export interface HandshakePeer {
  readonly version: number
  readonly instance: string
  readonly relay: boolean
  readonly agent: string
  readonly addresses: readonly MultiaddrString[]
  readonly clockOffsetMs: number
}

export type HandshakeInput =
  | { readonly type: 'start' }
  | { readonly type: 'message', readonly bytes: Uint8Array }

export type HandshakeOutput =
  | { readonly type: 'send', readonly bytes: Uint8Array }
  | { readonly type: 'done', readonly peer: HandshakePeer }
  | { readonly type: 'refused', readonly code: RefusalCode, readonly message: string, readonly byUs: boolean }

type Hello = NonNullable<Message['hello']>

/** Greeting → (verdict →) over. The dialler speaks first. `reject` is a reason of this node's own to refuse this peer. */
export class Handshake {
  private state: 'greeting' | 'verdict' | 'over' = 'greeting'
  private peer: Hello | undefined
  private sentAtMs = 0
  /** How much later the other clock was when our last message came in there. */
  private outwardMs = 0

  constructor (
    private readonly role: 'dialler' | 'listener',
    private readonly self: HandshakeSelf,
    private readonly reject?: RefusalCode
  ) {}

  get over (): boolean { return this.state === 'over' }

  handle (wallMs: number, input: HandshakeInput, out: HandshakeOutput[]): void {
    if (this.state === 'over') return
    if (input.type === 'start') {
      if (this.role === 'dialler') this.send(wallMs, 0, true, out)
      return
    }
    const message = decode(input.bytes)
    if (message === undefined) { this.refuse(REFUSAL.malformed, out); return }
    if (message.refusal !== undefined) {
      this.state = 'over'
      const code = message.refusal.code as RefusalCode
      out.push({ type: 'refused', code, message: printable(message.refusal.message, REFUSAL_BYTES_MAX), byUs: false })
      return
    }
    if (message.times === undefined) { this.refuse(REFUSAL.malformed, out); return }
    const backMs = message.times.sentAtMs - wallMs
    if (this.role === 'dialler') {
      this.outwardMs = message.times.heardAtMs - this.sentAtMs
      if (!this.meet(message.hello, out)) return
      this.send(wallMs, wallMs, false, out)
      this.finish(backMs, out)
    } else if (this.state === 'greeting') {
      if (!this.meet(message.hello, out)) return
      this.state = 'verdict'
      this.send(wallMs, wallMs, true, out)
    } else {
      this.outwardMs = message.times.heardAtMs - this.sentAtMs
      this.finish(backMs, out)
    }
  }

  /** Checks the other's hello, cheapest and most telling first. */
  private meet (hello: Hello | undefined, out: HandshakeOutput[]): boolean {
    const problem = this.problem(hello)
    if (problem !== undefined) { this.refuse(problem, out); return false }
    this.peer = hello
    return true
  }

  private problem (hello: Hello | undefined): RefusalCode | undefined {
    if (hello === undefined || hello.mesh.length !== 16 || hello.instance.length !== 16 || !wellFormed(hello)) return REFUSAL.malformed
    if (!same(hello.mesh, this.self.meshHash)) return REFUSAL.otherMesh
    if (hello.versionMin > this.self.versionMax || hello.versionMax < this.self.versionMin || hello.versionMin > hello.versionMax) return REFUSAL.version
    return this.reject
  }

  private send (wallMs: number, heardAtMs: number, hello: boolean, out: HandshakeOutput[]): void {
    this.sentAtMs = Math.max(0, Math.round(wallMs))
    const message: Message = { times: { sentAtMs: this.sentAtMs, heardAtMs: Math.max(0, Math.round(heardAtMs)) } }
    if (hello) {
      const { versionMin, versionMax, meshHash, instance, relay, agent, addresses } = this.self
      message.hello = { versionMin, versionMax, mesh: meshHash as Uint8Array<ArrayBuffer>, instance: instance as Uint8Array<ArrayBuffer>, relay, agent: printable(agent, HELLO_AGENT_BYTES_MAX), addresses: addresses.filter((address) => address.length <= HELLO_ADDRESS_BYTES_MAX).slice(0, HELLO_ADDRESSES_MAX) }
    }
    out.push({ type: 'send', bytes: Message.encode(message) })
  }

  private refuse (code: RefusalCode, out: HandshakeOutput[]): void {
    this.state = 'over'
    const message = refusalSentence(code)
    out.push({ type: 'send', bytes: Message.encode({ refusal: { code, message } }) })
    out.push({ type: 'refused', code, message, byUs: true })
  }

  private finish (backMs: number, out: HandshakeOutput[]): void {
    const peer = this.peer
    if (peer === undefined) return
    this.state = 'over'
    out.push({
      type: 'done',
      peer: {
        version: Math.min(peer.versionMax, this.self.versionMax),
        instance: Buffer.from(peer.instance).toString('hex'),
        relay: peer.relay,
        agent: printable(peer.agent, HELLO_AGENT_BYTES_MAX),
        addresses: peer.addresses,
        // The offset lies between the two. Where that leaves room for clocks that agree they are taken to agree: two
        // processes of one machine must not drop a record for the time that their handshake took.
        clockOffsetMs: backMs <= 0 && this.outwardMs >= 0 ? 0 : Math.round((this.outwardMs + backMs) / 2)
      }
    })
  }
}

function decode (bytes: Uint8Array): Message | undefined {
  try {
    return Message.decode(bytes, { limits: { hello: { addresses: HELLO_ADDRESSES_MAX } } })
  } catch {
    return undefined
  }
}

function wellFormed (hello: Hello): boolean {
  return hello.addresses.every((address) => address.length <= HELLO_ADDRESS_BYTES_MAX)
}

function same (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** What a stranger sent is shown to people: no control characters, no more than `max` characters. */
export function printable (text: string, max: number): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').slice(0, max)
}
