/** Publishing for a connection: pipelined, bounded, and waiting for receipts on the caller's behalf. */
import { setMaxListeners } from 'node:events'
import { isSkeinError, SkeinError } from '../base/errors.js'
import type { MeshNode, Published, PublishOptions } from '../node/api.js'
import { PUBLISHING_BYTES_MAX, PUBLISHING_MAX, WAITING_MAX, toWireError, type PublishAnswer } from './control-protocol.js'
import { fromBase64, optionalNumber, optionalPairs, optionalText, text } from './control-queries.js'
import { parseLevel, reach, type Level } from './level.js'

type Args = Readonly<Record<string, unknown>>

export interface PublisherOutput {
  send (message: object): void
  /** Called whenever something has been settled: there may be room again. */
  settled (): void
}

export class ControlPublisher {
  private readonly publishing = new Set<number>()
  private publishingBytes = 0
  private waiting = 0
  private readonly aborter = new AbortController()

  constructor (private readonly node: MeshNode, private readonly output: PublisherOutput) {
    // One wait each of thousands of messages listens.
    setMaxListeners(0, this.aborter.signal)
  }

  /** No further request should be read. */
  get full (): boolean {
    return this.publishing.size >= PUBLISHING_MAX || this.publishingBytes >= PUBLISHING_BYTES_MAX || this.waiting >= WAITING_MAX
  }

  /** Nothing is on its way to the disk. */
  get settledAll (): boolean { return this.publishing.size === 0 }

  /** Gives up the waits for receipts. Their requests are not answered: the messages are on disk, and can be asked for elsewhere. */
  stop (): void { this.aborter.abort() }

  /** Answers what still waits for the disk with what is known of it, which is nothing. */
  giveUp (): void {
    for (const id of this.publishing) this.output.send({ id, error: toWireError(new SkeinError('ERR_ABORTED', 'the node closed before the message was on disk')) })
    this.publishing.clear()
  }

  publish (id: number, args: Args): void {
    const startedAt = performance.now()
    let level: Level
    let timeoutMs: number | undefined
    let body: Buffer
    let published: Promise<Published>
    try {
      level = parseLevel(optionalText(args, 'until') ?? 'local')
      timeoutMs = optionalNumber(args, 'timeoutMs')
      body = fromBase64(args, 'body')
      published = this.node.publish(text(args, 'topic'), body, publishOptions(args))
    } catch (error) {
      this.fail(id, error)
      return
    }
    this.publishing.add(id)
    this.publishingBytes += body.length
    const leave = (): boolean => {
      this.publishingBytes -= body.length
      return this.publishing.delete(id)
    }
    published.then((message) => {
      if (!leave()) return
      if (level.kind === 'local') {
        this.output.send({ id, ok: answerOf(message) })
        this.output.settled()
      } else {
        this.output.send({ id, published: answerOf(message) })
        const left = timeoutMs === undefined ? undefined : Math.max(1, timeoutMs - (performance.now() - startedAt))
        this.wait(id, message, level, left, answerOf(message))
      }
    }, (error: unknown) => {
      if (!leave()) return
      this.output.send({ id, error: toWireError(error) })
      this.output.settled()
    })
  }

  /** Waits for a message that was published before. */
  receipt (id: number, args: Args): void {
    try {
      const receipt = this.node.receipt(text(args, 'messageId'))
      this.wait(id, receipt, parseLevel(text(args, 'until')), optionalNumber(args, 'timeoutMs'), {})
    } catch (error) {
      this.fail(id, error)
    }
  }

  private wait (id: number, receipt: Published | ReturnType<MeshNode['receipt']>, level: Level, timeoutMs: number | undefined, answer: object): void {
    this.waiting++
    reach(receipt, level, { signal: this.aborter.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) }).then(() => {
      this.waiting--
      this.output.send({ id, ok: answer })
      this.output.settled()
    }, (error: unknown) => {
      this.waiting--
      this.fail(id, error)
    })
  }

  private fail (id: number, error: unknown): void {
    // A wait that was stopped stays unanswered: `bye` says that it can be asked again.
    if (!(this.aborter.signal.aborted && (isSkeinError(error, 'ERR_ABORTED') || isSkeinError(error, 'ERR_CLOSED')))) {
      this.output.send({ id, error: toWireError(error) })
    }
    this.output.settled()
  }
}

function publishOptions (args: Args): PublishOptions {
  const headers = optionalPairs(args, 'headers')
  const key = optionalText(args, 'key')
  const expiresInMs = optionalNumber(args, 'expiresInMs')
  const messageId = optionalText(args, 'messageId')
  const contentType = optionalText(args, 'contentType')
  const durability = optionalText(args, 'durability')
  if (durability !== undefined && durability !== 'disk' && durability !== 'none') throw new SkeinError('ERR_BAD_ARGUMENT', "'durability' must be 'disk' or 'none'.")
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(key === undefined ? {} : { key }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(messageId === undefined ? {} : { id: messageId }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(durability === undefined ? {} : { durability })
  }
}

const answerOf = ({ id, topic, channel, incarnation, position, time, duplicate }: Published): PublishAnswer => ({ id, topic, channel, incarnation, position, time, duplicate })
