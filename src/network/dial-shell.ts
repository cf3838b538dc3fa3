/** Carries out what the dialer decides: one timer, libp2p's dial, and its outcome. */
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock, Random, Timer } from '../base/clock.js'
import { Dialer, type DialInput, type DialOutput } from './dialer.js'
import { DIAL_TIMEOUT_MS } from './network-limits.js'

export interface DialEvents {
  connected (connection: Connection, key: string): void
  unreachable (address: string, reason: string): void
}

export class DialShell {
  private readonly core: Dialer
  private host: Libp2p | undefined
  private timer: Timer | undefined
  private readonly aborts = new Set<AbortController>()
  private stopped = false
  /** Before the start inputs only gather. */
  private early: DialInput[] | undefined = []

  constructor (
    selfId: string,
    private readonly clock: Clock,
    random: Random,
    private readonly events: DialEvents
  ) {
    this.core = new Dialer(selfId, () => random.float())
  }

  start (host: Libp2p): void {
    this.host = host
    const early = this.early ?? []
    this.early = undefined
    for (const input of early) this.input(input)
    this.input({ type: 'wake' })
  }

  stop (): void {
    this.stopped = true
    this.timer?.cancel()
    for (const abort of this.aborts) abort.abort(new Error('the network stops'))
  }

  input (input: DialInput): void {
    if (this.stopped) return
    if (this.early !== undefined) {
      this.early.push(input)
      return
    }
    const out: DialOutput[] = []
    this.core.handle(this.clock.nowMs(), input, out)
    for (const output of out) {
      switch (output.type) {
        case 'dial': void this.dial(output.key, output.addresses); break
        case 'unreachable': this.events.unreachable(output.address, output.reason); break
        case 'wakeAt':
          this.timer?.cancel()
          this.timer = this.clock.after(output.atMs - this.clock.nowMs(), () => { this.input({ type: 'wake' }) })
      }
    }
  }

  private async dial (key: string, addresses: readonly string[]): Promise<void> {
    const { host } = this
    const abort = new AbortController()
    const timer = this.clock.after(DIAL_TIMEOUT_MS, () => { abort.abort(new Error('it took too long')) })
    this.aborts.add(abort)
    try {
      if (host === undefined) throw new Error('the network is not started')
      const connection = await host.dial(addresses.map((address) => multiaddr(address)), { signal: abort.signal })
      if (this.stopped) connection.abort(new Error('the network stops'))
      else this.events.connected(connection, key)
    } catch (error) {
      // Told on a later turn, so that the outcome never comes within the input that asked for it.
      this.clock.soon(() => {
        if (isSelf(error)) this.input({ type: 'self', key })
        else this.input({ type: 'failed', key, reason: describe(error) })
      })
    } finally {
      timer.cancel()
      this.aborts.delete(abort)
    }
  }
}

function isSelf (error: unknown): boolean {
  return error instanceof Error && /dial self/i.test(error.message)
}

/** The shortest true sentence in what libp2p throws. */
function describe (error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] as unknown : error
  if (!(inner instanceof Error)) return String(inner)
  const { code } = inner as NodeJS.ErrnoException
  return code === undefined || inner.message.includes(code) ? inner.message : `${code}: ${inner.message}`
}
