import { isSkeinError, type ErrorCode } from '../../src/base/errors.js'
import { formatMessageId } from '../../src/message/ids.js'
import { makeRecord } from '../../src/message/record.js'
import type { Engine } from '../../src/node/engine.js'
import type { Placed } from '../../src/outbox/outbox.js'
import { digestOf } from './digest.js'
import type { SimulatedNode } from './node.js'

export interface Publication {
  readonly topic: string
  readonly body: string
  readonly key?: string | undefined
  readonly id?: string | undefined
  readonly expiresInMs?: number | undefined
  /** Wait for these receipts. */
  readonly until?: { readonly stored: number } | { readonly processed: string } | undefined
}

/** Codes that say that nothing was kept. With any other nobody knows. */
const REFUSED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_OUTBOX_FULL', 'ERR_STORE_FULL', 'ERR_MESSAGE_TOO_LARGE', 'ERR_PUBLISH_ID_DIFFERS'])

/** The application that publishes on a node, and what it was answered. */
export class Publisher {
  /** Ids of messages whose publish was answered, in order. */
  readonly published: string[] = []
  refused = 0
  #ops = 0
  readonly #trimmed = new Map<string, number>()

  constructor (private readonly node: SimulatedNode) {}

  started (engine: Engine): void {
    const { node } = this
    // A life that lost what was trimmed may trim it again, less of it, and for another reason.
    this.#trimmed.clear()
    for (const log of engine.book.all()) this.#trimmed.set(log.key, log.trimmed)
    engine.book.listen({
      logChanged: (log) => {
        if (!log.own || log.trimmed <= (this.#trimmed.get(log.key) ?? 0)) return
        this.#trimmed.set(log.key, log.trimmed)
        const [, incarnation = ''] = log.key.split('.')
        node.record({ type: 'trim', incarnation, channel: log.channel, through: log.trimmed, reason: log.trimReason })
      }
    })
  }

  /** What was asked and not answered has an unknown outcome: a history says so by the start that follows. */
  crashed (): void {}

  publish (publication: Publication): void {
    const { node } = this
    const { engine } = node
    if (engine === undefined || !node.isAwake || engine.isClosed) return
    const { topic, body, key, id, expiresInMs, until } = publication
    const record = makeRecord({ topic, body, key, id, expiresInMs, time: node.clock.wallMs() }, 1 << 20)
    const op = `${node.name}/${this.#ops++}`
    node.record({ type: 'publish', op, topic, body: digestOf(record.body), ...(key === undefined ? {} : { key }), ...(id === undefined ? {} : { id }), ...(record.expiresAt === 0 ? {} : { expiresAt: record.expiresAt }) })
    engine.publish(record, (error, placed) => {
      if (error !== undefined || placed === undefined) {
        const refused = isSkeinError(error) && REFUSED.has(error.code)
        if (refused) this.refused++
        node.record({ type: 'published', op, outcome: refused ? 'refused' : 'unknown', ...(error === undefined ? {} : { code: error.code }) })
        node.world.trace.note(node.name, 'not published', `${op} ${error?.code ?? ''}`)
        return
      }
      this.#placed(engine, op, placed, until)
    })
  }

  #placed (engine: Engine, op: string, { log, position, duplicate }: Placed, until: Publication['until']): void {
    const { node } = this
    const message = formatMessageId(log.id, position)
    if (!duplicate) this.published.push(message)
    node.record({ type: 'published', op, outcome: 'ok', message, duplicate })
    node.world.trace.note(node.name, 'published', `${op} ${log.channel} ${position}`)
    if (until === undefined || log.publisher !== node.peerId) return
    if ('stored' in until) engine.receipts.wait(log, position, state => state.stored.length >= until.stored, state => { node.record({ type: 'receipt', message, level: 'stored', by: state.stored }) })
    else {
      engine.receipts.wait(log, position, state => state.processed.some(({ name }) => name === until.processed), state => {
        node.record({ type: 'receipt', message, level: 'processed', by: state.processed.filter(({ name }) => name === until.processed).map(({ peerId }) => peerId), subscription: until.processed })
      })
    }
  }
}
