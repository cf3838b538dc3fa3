/**
 * Sends the bodies of one `skein pub`: many at a time, each until it has reached its level, across whatever moves the
 * session. It stops at the first failure that would meet every message after it.
 */
import { isSkeinError, SkeinError } from '../base/errors.js'
import { ServerGone, type ControlClient } from '../daemon/control-client.js'
import type { PublishAnswer, PublishArgs } from '../daemon/control-protocol.js'
import { formatDuration } from '../daemon/duration.js'
import type { Body, BodyOrBadLine } from './bodies.js'
import type { Session } from './session.js'

/** Messages that are not on disk yet, and bytes of their bodies. */
const SENDING_MAX = 1_000
const SENDING_BYTES_MAX = 4 * 1024 * 1024
/** Messages on disk that have not reached their level. */
const WAITING_MAX = 4_096
const WATCH_MS = 50

export interface PublisherOptions {
  readonly topic: string
  readonly until: string
  readonly timeoutMs: number
  readonly args: Omit<PublishArgs, 'topic' | 'body' | 'contentType' | 'until' | 'timeoutMs'>
  /** Called when a message has reached its level. */
  reached (answer: PublishAnswer): void
  /** Called when one has not. */
  failed (body: { readonly line?: number }, error: SkeinError): void
}

export interface PublisherTotals {
  readonly reached: number
  /** Refused: not in the outbox. */
  readonly refused: number
  /** The node had gone before it took them: not in the outbox. */
  readonly unsent: number
  /** In the outbox; the time ran out before they reached the level. */
  readonly late: number
  /** Nobody knows whether they are in the outbox. */
  readonly unknown: number
}

/** The node has gone, had not taken the message, and there is nowhere else to send it. */
class NotSent extends Error {
  constructor (override readonly cause: unknown) { super('not sent') }
}

interface Message {
  readonly body: Body
  readonly deadline: number
  answer: PublishAnswer | undefined
  expire: (() => void) | undefined
}

export class Publisher {
  private sending = 0
  private sendingBytes = 0
  private waiting = 0
  private readonly unanswered = new Set<Message>()
  private watch: NodeJS.Timeout | undefined
  private wake: (() => void) | undefined
  private stopError: SkeinError | undefined
  private readonly counts = { reached: 0, refused: 0, unsent: 0, late: 0, unknown: 0 }

  constructor (private readonly session: Session, private readonly options: PublisherOptions) {}

  get totals (): PublisherTotals { return this.counts }

  /** Why no further message is sent. */
  get stopped (): SkeinError | undefined { return this.stopError }

  /** Starts to send it, as soon as there is room. Resolves when it is under way. */
  async send (item: BodyOrBadLine): Promise<void> {
    if ('error' in item) {
      this.fail(item, item.error)
      return
    }
    while (this.sending >= SENDING_MAX || this.sendingBytes >= SENDING_BYTES_MAX || this.waiting >= WAITING_MAX) await this.change()
    if (this.session.current.congested) await this.session.current.drained()
    if (this.stopError !== undefined) return
    this.sending++
    this.sendingBytes += item.bytes.length
    const message: Message = { body: item, deadline: performance.now() + this.options.timeoutMs, answer: undefined, expire: undefined }
    this.run(message).then((answer) => {
      this.counts.reached++
      this.options.reached(answer)
    }, (error: unknown) => this.settleFailure(message, error)).finally(() => {
      if (message.answer === undefined) this.leaveSending(message)
      else this.waiting--
      this.changed()
    })
  }

  /** Sends nothing more. Resolves when what was sent is on disk or has failed, at most after `waitMs`. */
  async interrupt (waitMs: number): Promise<void> {
    this.stop(new SkeinError('ERR_ABORTED', 'interrupted'))
    const until = performance.now() + waitMs
    const timer = setInterval(() => this.changed(), WATCH_MS)
    while (this.sending > 0 && performance.now() < until) await this.change()
    clearInterval(timer)
  }

  /** Resolves when everything sent has reached its level or failed. */
  async settled (): Promise<void> {
    while (this.sending > 0 || this.waiting > 0) await this.change()
  }

  private async run (message: Message): Promise<PublishAnswer> {
    for (let client = this.session.current; ;) {
      try {
        return await this.attempt(client, message)
      } catch (error) {
        if (!(error instanceof ServerGone) || !this.canAskAgain(message, error)) throw error
        client = await this.session.moved(error, client).catch((failure: unknown) => { throw message.answer === undefined ? new NotSent(failure) : failure })
      }
    }
  }

  private canAskAgain (message: Message, gone: ServerGone): boolean {
    return message.answer !== undefined || gone.orderly || this.options.args.messageId !== undefined
  }

  private async attempt (client: ControlClient, message: Message): Promise<PublishAnswer> {
    const { topic, until, args } = this.options
    const timeoutMs = Math.max(1, Math.round(message.deadline - performance.now()))
    if (message.answer !== undefined) {
      await client.call('receipt', { messageId: message.answer.id, until, timeoutMs })
      return message.answer
    }
    const { bytes, contentType } = message.body
    const request: PublishArgs = { ...args, topic, body: bytes.toString('base64'), contentType, until, timeoutMs }
    return await this.withDeadline(message, client.publish(request, (answer) => {
      message.answer = answer
      this.answered(message)
      this.leaveSending(message)
      this.waiting++
      this.changed()
    }))
  }

  /** The node keeps the time once the message is on disk; until then the command does, lest it hang with the node. */
  private async withDeadline (message: Message, answer: Promise<PublishAnswer>): Promise<PublishAnswer> {
    return await new Promise((resolve, reject) => {
      message.expire = () => reject(new SkeinError('ERR_TIMEOUT', 'the node did not answer'))
      this.unanswered.add(message)
      this.watch ??= setInterval(() => this.expire(), WATCH_MS)
      answer.then(resolve, reject).finally(() => this.answered(message))
    })
  }

  /** All have the same time, so the first one in runs out first. */
  private expire (): void {
    for (const message of this.unanswered) {
      if (performance.now() < message.deadline) return
      this.answered(message)
      message.expire?.()
    }
  }

  private answered (message: Message): void {
    this.unanswered.delete(message)
    if (this.unanswered.size > 0) return
    clearInterval(this.watch)
    this.watch = undefined
  }

  private settleFailure (message: Message, error: unknown): void {
    if (error instanceof NotSent) {
      this.counts.unsent++
      return this.stop(asSkeinError(error.cause))
    }
    const failure = asSkeinError(error)
    if (message.answer !== undefined) {
      this.counts.late++
      // Time that ran out is told once, for all of them.
      if (!isSkeinError(error, 'ERR_TIMEOUT')) this.stop(failure)
      return
    }
    if (isSkeinError(error, 'ERR_TIMEOUT') || isSkeinError(error, 'ERR_UNREACHABLE') || isSkeinError(error, 'ERR_ABORTED') || isSkeinError(error, 'ERR_STORE')) {
      this.counts.unknown++
      this.stop(isSkeinError(error, 'ERR_TIMEOUT')
        ? new SkeinError('ERR_TIMEOUT', `the node did not answer in ${formatDuration(this.options.timeoutMs)}`, { cause: error })
        : failure)
      return
    }
    this.fail(message.body, failure)
  }

  private fail (body: { readonly line?: number }, error: SkeinError): void {
    this.counts.refused++
    this.options.failed(body, error)
    // What is wrong with one message says nothing of the next; what is wrong with the node does.
    if (error.code !== 'ERR_MESSAGE_TOO_LARGE' && error.code !== 'ERR_BAD_BODY') this.stop(error)
  }

  private stop (error: SkeinError): void {
    this.stopError ??= error
    this.changed()
  }

  private leaveSending (message: Message): void {
    this.sending--
    this.sendingBytes -= message.body.bytes.length
  }

  private async change (): Promise<void> {
    await new Promise<void>((resolve) => { this.wake = resolve })
  }

  private changed (): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }
}

function asSkeinError (error: unknown): SkeinError {
  return error instanceof SkeinError ? error : new SkeinError('ERR_INTERNAL', error instanceof Error ? error.message : String(error), { cause: error })
}
