import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/base/logger.js'
import type { ConsumerHandle, RawDelivery } from '../../../src/inbox/inbox.js'
import { recordOf } from '../../support/written-log.js'
import { NodeConsumer } from '../../../src/node/consumer.js'

/** An inbox with endless deliveries, whose acks are on disk when the test says so. */
class Inbox {
  given = 0
  readonly acked: number[] = []
  readonly nacked: number[] = []
  #onDisk: Array<() => void> = []
  readonly handle: ConsumerHandle = {
    next: (): RawDelivery => ({ token: ++this.given, log: undefined, record: recordOf('press/a', 'x'), attempt: 1, late: false, ephemeral: false, publisher: 'p', incarnation: 'i', channel: 'press', position: this.given }),
    ack: (token, done) => { this.acked.push(token); this.#onDisk.push(done) },
    acked: (token) => new Promise((resolve) => { this.handle.ack(token, () => { resolve() }) }),
    nack: (token, _options, done) => { this.nacked.push(token); this.#onDisk.push(done) },
    reject: () => {}, extend: () => {}, close: () => {}
  }

  flush (): void { for (const done of this.#onDisk.splice(0)) done() }
}

const turns = async (): Promise<void> => { for (let i = 0; i < 20; i++) await new Promise<void>(resolve => { setImmediate(resolve) }) }

function consumer (inbox: Inbox, handler: (position: number) => void | Promise<void>, concurrency = 1, maxInFlight = 8): NodeConsumer {
  return new NodeConsumer('all', ['#'], concurrency, maxInFlight, async ({ position }) => { await handler(position) }, silentLogger, () => inbox.handle, () => {})
}

describe('a consumer with a handler', () => {
  it('handles the next ones while acks are on their way to the disk, in order, and no more than a crash may bring again', async () => {
    const inbox = new Inbox()
    const handled: number[] = []
    const consuming = consumer(inbox, (position) => { handled.push(position) })
    await turns()
    expect([handled, inbox.acked, inbox.given]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8], 8])
    inbox.flush()
    await turns()
    expect(handled.length).toBe(16)
    await consuming.close()
  })

  it('has no more handlers at work than it was asked for', async () => {
    const inbox = new Inbox()
    const open: Array<() => void> = []
    let most = 0
    const consuming = consumer(inbox, () => new Promise<void>(resolve => { most = Math.max(most, open.push(resolve)) }), 3)
    await turns()
    expect(open.length).toBe(3)
    open.splice(0, 2).forEach(resolve => { resolve() })
    await turns()
    expect([open.length, most]).toEqual([3, 3])
    await consuming.close()
  })

  it('nacks what its handler failed at, before it takes the next', async () => {
    const inbox = new Inbox()
    const order: string[] = []
    const next = inbox.handle.next.bind(inbox.handle)
    inbox.handle.next = () => { order.push(`next after ${inbox.nacked.length} nacks`); return next() }
    const consuming = consumer(inbox, (position) => { if (position === 1) throw new Error('not this time') }, 1, 2)
    await turns()
    expect([inbox.nacked, inbox.acked]).toEqual([[1], [2]])
    expect(order).toEqual(['next after 0 nacks', 'next after 1 nacks'])
    await consuming.close()
  })

  it('drains until what was handled is on disk', async () => {
    const inbox = new Inbox()
    const consuming = consumer(inbox, () => {})
    await turns()
    let isDrained = false
    const draining = consuming.drain().then(() => { isDrained = true })
    await turns()
    expect(isDrained).toBe(false)
    inbox.flush()
    await draining
    expect(inbox.given).toBe(8)
  })
})
