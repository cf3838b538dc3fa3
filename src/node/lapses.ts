import { fromUtf8, utf8 } from '../base/bytes.js'
import { warnAfterMs, type RememberedOptions } from '../directory/remembered.js'
import { Lived } from '../store/lived.js'
import type { Engine } from './engine.js'
import { DEFAULTS } from './options.js'

const KEY = utf8('unconsumed')
/** Time is counted in so many parts of `lapseAfterMs`, of an hour at most: no jump of a clock counts for more than one. */
const STEPS_PER_LAPSE = 24
const STEP_MS_MAX = 3_600_000
/** Between two looks. */
const LOOK_MS = 30_000

interface Unconsumed {
  readonly createdAt: number
  /** When it had a consumer last, in time lived. */
  sinceMs: number
  state: 'consumed' | 'warned' | 'lapsed'
}

/**
 * Durable subscriptions that nobody comes back to: those of nodes that are not heard of, and this node's own that nobody
 * consumes. Neither may hold what is kept for ever.
 */
export class Lapses {
  readonly #e: Engine
  readonly #afterMs: number
  readonly #stepMs: number
  readonly #lived: Lived
  readonly #own = new Map<string, Unconsumed>()
  #writtenMs = Number.NEGATIVE_INFINITY

  constructor (engine: Engine, afterMs: number = DEFAULTS.lapseAfterMs) {
    this.#e = engine
    this.#afterMs = afterMs
    this.#stepMs = afterMs === 0 ? STEP_MS_MAX : Math.min(STEP_MS_MAX, afterMs / STEPS_PER_LAPSE)
    const { clock, store } = engine.options
    this.#lived = new Lived(store, () => clock.wallMs(), Math.ceil(this.#stepMs))
    this.#load()
  }

  /** What the directory asks for. */
  get ofOthers (): Pick<RememberedOptions, 'livedMs' | 'lapseAfterMs' | 'lapsing' | 'lapsed'> {
    const { listener } = this.#e.options
    return {
      livedMs: () => this.#lived.ms,
      lapseAfterMs: this.#afterMs,
      lapsing: ({ peerId, name }, inMs) => { listener.lapsing?.(peerId, name, inMs) },
      lapsed: ({ peerId, name }) => { listener.lapsed?.(peerId, name) }
    }
  }

  start (): void {
    for (const [name, { state, createdAt }] of this.#own) {
      if (state === 'lapsed' && this.#e.inbox.info().some(each => each.name === name && each.createdAt === createdAt)) this.#e.inbox.lapse(name)
    }
    this.#look()
  }

  #look (): void {
    if (this.#e.isClosed) return
    this.#lived.tick()
    if (this.#afterMs > 0) {
      this.#e.directory.lapse()
      this.#lookAtOwn()
    }
    this.#e.options.clock.after(Math.min(LOOK_MS, this.#stepMs), () => { this.#look() })
  }

  #lookAtOwn (): void {
    const { inbox, self, options: { listener } } = this.#e
    const now = this.#lived.ms
    const infos = inbox.info()
    let changed = false
    for (const name of [...this.#own.keys()]) if (!infos.some(info => info.name === name)) this.#own.delete(name)
    for (const { name, createdAt, consumers, lapsed } of infos) {
      let known = this.#own.get(name)
      if (known?.createdAt !== createdAt) this.#own.set(name, known = { createdAt, sinceMs: now, state: 'consumed' })
      if (consumers > 0 || (known.state === 'lapsed' && !lapsed)) {
        changed ||= known.state !== 'consumed'
        known.sinceMs = now
        known.state = 'consumed'
        continue
      }
      const idleMs = now - known.sinceMs
      if (known.state === 'consumed' && idleMs >= warnAfterMs(this.#afterMs)) {
        known.state = 'warned'
        changed = true
        listener.lapsing?.(self, name, Math.max(0, this.#afterMs - idleMs))
      } else if (known.state === 'warned' && idleMs >= this.#afterMs) {
        known.state = 'lapsed'
        changed = true
        inbox.lapse(name)
        listener.lapsed?.(self, name)
        // What it held may go.
        this.#e.outbox.admitWaiting()
      }
    }
    if (changed || now - this.#writtenMs >= this.#stepMs) this.#write()
  }

  /** `meta`: unconsumed → a list of [name, created at, consumed last, state] in JSON. */
  #load (): void {
    const row = this.#e.options.store.get('meta', KEY)
    if (row === undefined) return
    try {
      for (const [name, createdAt, sinceMs, state] of JSON.parse(fromUtf8(row)) as Array<[string, number, number, Unconsumed['state']]>) {
        this.#own.set(name, { createdAt, sinceMs: Math.min(sinceMs, this.#lived.ms), state })
      }
    } catch {
      // A damaged row: their time begins anew.
      this.#own.clear()
    }
  }

  #write (): void {
    this.#writtenMs = this.#lived.ms
    const rows = [...this.#own].map(([name, { createdAt, sinceMs, state }]) => [name, createdAt, sinceMs, state])
    this.#e.options.store.commit([{ type: 'put', table: 'meta', key: KEY, value: utf8(JSON.stringify(rows)) }], () => {})
  }
}
