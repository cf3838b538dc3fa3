/** `skein sub`: writes what is published, and acks what it has written. */
import { SkeinError } from '../../base/errors.js'
import { checkFilters } from '../../message/filter.js'
import { ServerGone, type ControlClient, type Feed } from '../../daemon/control-client.js'
import type { SubscribeArgs } from '../../daemon/control-protocol.js'
import { parseWait } from '../../daemon/duration.js'
import { resolveSettings } from '../../daemon/settings.js'
import { switchFlag, textFlag, textFlags, type Command, type Context, type Invocation } from '../command.js'
import { asJson, asText } from '../delivery-format.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS, QUIET_FLAG } from '../flags.js'
import { usage } from '../parse.js'
import { Printer, type PrinterEnd } from '../printer.js'
import { Session } from '../session.js'

/** How long a command that ends waits for the acks of what it has written. */
const SETTLE_WAIT_MS = 2_000
const TIMED_OUT = 124

export const command: Command = {
  name: 'sub',
  summary: 'Write what is published on topics that match.',
  text: `A message is acked when its line is written. Without --durable the subscription ends with the command and sees what is
published from now on. + stands for one level of a topic, # at the end for the rest.`,
  args: [{ name: 'FILTER', optional: true, repeatable: true }],
  flags: [
    { name: 'topic', short: 't', value: 'FILTER', repeatable: true, summary: 'A filter, instead of the arguments.' },
    { name: 'durable', value: 'NAME', summary: 'Go on where this name was: nothing published meanwhile is missed.' },
    { name: 'from', value: 'WHEN', summary: 'Where a new durable subscription begins: earliest, latest (default) or a date.' },
    { name: 'count', short: 'C', value: 'N', summary: 'End with status 0 when N messages are written and acked.' },
    { name: 'wait', short: 'W', value: 'TIME', summary: `End with status ${TIMED_OUT} after so long.` },
    { name: 'verbose', short: 'v', summary: 'Write the topic before each body.' },
    { name: 'max-in-flight', value: 'N', summary: 'Unacked messages at a time, of a durable subscription.' },
    { name: 'ack-timeout', value: 'TIME', summary: 'A message not acked after so long is delivered again.' },
    { name: 'max-attempts', value: 'N', summary: 'Deliveries of one message before it becomes a dead letter.' },
    { name: 'change', summary: 'Change the filters and options of the durable subscription to these.' },
    JSON_FLAG,
    QUIET_FLAG,
    ...NODE_FLAGS,
    HELP_FLAG
  ],
  examples: [
    ["skein sub 'press/+/temperature'", 'What is measured from now on.'],
    ["skein sub 'orders/#' --durable billing --from earliest --json", 'Everything, and after a restart from where it was.'],
    ['skein sub orders/new --durable job -C 1 -W 30s', 'One message, or status 124 after 30 seconds.']
  ],
  run: sub
}

async function sub (invocation: Invocation, context: Context): Promise<number> {
  const args = subscribeArgs(invocation)
  const count = wholeNumber(invocation, 'count')
  const wait = textFlag(invocation, 'wait')
  const waitMs = wait === undefined ? undefined : parseWait(wait, '-W')
  const quiet = switchFlag(invocation, 'quiet')
  const { out } = context
  const printer = new Printer({
    out,
    count,
    format: switchFlag(invocation, 'json') ? asJson : asText(switchFlag(invocation, 'verbose'), out.isTerminal),
    lapsed: ({ id }) => { if (!quiet) context.note(`${id} was written too late to be acked; it comes again`) }
  })
  const resolved = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'command' })
  const session = await Session.open({ resolved, context, mayBeNode: true, quiet })
  const ending = new Ending(context.signal, printer)
  const subscriber = new Subscriber(session, printer, args)
  let end: PrinterEnd | 'time'
  try {
    await subscriber.open(session.current)
    if (!quiet) context.note(`subscribed to ${args.filters.join(' ')}${session.throughDaemon ? ' through the daemon' : ''}`)
    subscriber.follow().catch((error: unknown) => ending.fail(error))
    end = await ending.wait(waitMs)
  } finally {
    ending.clear()
    await printer.settle(SETTLE_WAIT_MS)
    await subscriber.close()
    await session.close()
  }
  if (end === 'ended') throw new SkeinError('ERR_CLOSED', 'the subscription was removed')
  return end === 'time' && !(count !== undefined && printer.count >= count) ? TIMED_OUT : 0
}

/** Keeps the subscription open across moves of the session. */
class Subscriber {
  private feed: Feed | undefined
  private client: ControlClient | undefined
  private closed = false

  constructor (private readonly session: Session, private readonly printer: Printer, private readonly args: Omit<SubscribeArgs, 'feed' | 'credit'>) {}

  async open (client: ControlClient): Promise<void> {
    this.client = client
    this.printer.attach(client)
    this.feed = await client.subscribe({ ...this.args, credit: this.printer.firstCredit() }, {
      delivery: (delivery) => this.printer.take(client, delivery),
      ended: (error) => this.printer.ended(error)
    })
    this.printer.use(this.feed)
  }

  /** Runs until the session has nowhere to go. */
  async follow (): Promise<void> {
    for (let client = this.session.current; !this.closed;) {
      const gone = await client.gone
      if (this.closed) return
      await this.printer.settle(SETTLE_WAIT_MS)
      client = await this.session.moved(gone, client)
      await this.reopen(client)
    }
  }

  async close (): Promise<void> {
    this.closed = true
    await this.feed?.close().catch(() => {})
  }

  private async reopen (client: ControlClient): Promise<void> {
    try {
      await this.open(client)
    } catch (error) {
      // It has gone as well; the loop sees it.
      if (!(error instanceof ServerGone) || client !== this.client) throw error
    }
  }
}

/** What ends the command: the printer, the time, a signal, or a failure. */
class Ending {
  private timer: NodeJS.Timeout | undefined
  private reject: (error: Error) => void = () => {}
  private readonly failed: Promise<never>

  constructor (signal: AbortSignal, private readonly printer: Printer) {
    this.failed = new Promise((_, reject) => { this.reject = reject })
    this.failed.catch(() => {})
    signal.addEventListener('abort', () => this.fail(signal.reason), { once: true })
    if (signal.aborted) this.fail(signal.reason)
  }

  fail (error: unknown): void { this.reject(error as Error) }

  async wait (waitMs: number | undefined): Promise<PrinterEnd | 'time'> {
    const time = new Promise<'time'>((resolve) => {
      if (waitMs !== undefined) this.timer = setTimeout(() => resolve('time'), waitMs)
    })
    return await Promise.race([this.printer.end, this.failed, time])
  }

  clear (): void { clearTimeout(this.timer) }
}

function subscribeArgs (invocation: Invocation): Omit<SubscribeArgs, 'feed' | 'credit'> {
  const filters = checkFilters(filtersOf(invocation))
  const name = textFlag(invocation, 'durable')
  const from = textFlag(invocation, 'from')
  const ackTimeout = textFlag(invocation, 'ack-timeout')
  const maxInFlight = wholeNumber(invocation, 'max-in-flight')
  const maxAttempts = wholeNumber(invocation, 'max-attempts')
  if (name === undefined && from !== undefined && from !== 'latest') {
    throw usage(command, '--from is for durable subscriptions', 'Give the subscription a name with --durable.')
  }
  return {
    filters,
    ...(name === undefined ? {} : { name }),
    ...(from === undefined ? {} : { from: parseFrom(from) }),
    ...(ackTimeout === undefined ? {} : { ackTimeoutMs: parseWait(ackTimeout, '--ack-timeout') }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(switchFlag(invocation, 'change') ? { change: true } : {})
  }
}

function filtersOf (invocation: Invocation): string[] {
  const filters = [...textFlags(invocation, 'topic'), ...invocation.args]
  if (filters.length === 0) throw usage(command, 'FILTER is missing', "Such as skein sub 'press/#'.")
  return filters
}

function parseFrom (text: string): 'earliest' | 'latest' | number {
  if (text === 'earliest' || text === 'latest') return text
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(ms)) throw usage(command, `--from: '${text}' is no place to begin`, 'Use earliest, latest or a date such as 2026-01-31T12:00:00Z.')
  return ms
}

function wholeNumber (invocation: Invocation, name: string): number | undefined {
  const text = textFlag(invocation, name)
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,14}$/.test(text)) throw usage(command, `--${name}: '${text}' is not a whole number above 0`)
  return Number(text)
}
