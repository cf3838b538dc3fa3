/** What `skein pub` tells: of each message that reached its level or was refused, and of all of them in the end. */
import { SkeinError } from '../base/errors.js'
import type { PublishAnswer } from '../daemon/control-protocol.js'
import { formatDuration } from '../daemon/duration.js'
import { formatLevel, type Level } from '../daemon/level.js'
import type { Context } from './command.js'
import type { Publisher } from './publisher.js'
import { describe } from './report.js'

/** Failures that are told one by one. */
const FAILURES_TOLD_MAX = 20
/** Lines for stdout that wait for a slow reader. */
const PENDING_MAX = 10_000

export interface PubReporterOptions {
  readonly level: Level
  readonly json: boolean
  readonly quiet: boolean
  /** `-l`. */
  readonly many: boolean
  readonly debug: boolean
}

export interface Conclusion {
  readonly timeoutMs: number
  readonly topic: string
  readonly dataDir: string
  /** This command was the node, so that nobody sends what is left when it ends. */
  readonly own: boolean
}

export class PubReporter {
  /** Resolves when stdout has all that was told. */
  written: Promise<void> = Promise.resolve()
  private firstFailure: SkeinError | undefined
  private failures = 0
  private pending: string[] = []

  constructor (private readonly context: Context, private readonly options: PubReporterOptions) {}

  reached ({ id, topic, channel, incarnation, position }: PublishAnswer): void {
    const { json, many, quiet, level } = this.options
    if (json) {
      this.print(JSON.stringify({ id, topic, channel, incarnation, position, receipt: level.kind }))
    } else if (!many && !quiet) {
      this.print(id)
    }
  }

  failed ({ line }: { readonly line?: number }, error: SkeinError): void {
    this.firstFailure ??= error
    if (++this.failures > FAILURES_TOLD_MAX) return
    const located = line === undefined || error.message.startsWith(`line ${line} `)
      ? error
      : new SkeinError(error.code, `line ${line}: ${error.message}`, { ...(error.hint === undefined ? {} : { hint: error.hint }), cause: error })
    this.context.error(describe(located, this.options.debug))
  }

  /** Waits while stdout does not take what there is to tell. */
  async room (): Promise<void> {
    if (this.pending.length >= PENDING_MAX) await this.written
  }

  interrupted ({ totals }: Publisher): void {
    const { many, quiet, level } = this.options
    if (many && !quiet) this.context.note(`interrupted: ${count(totals.reached)} reached ${formatLevel(level)}`)
  }

  /** The exit status. */
  conclude ({ totals, stopped }: Publisher, { timeoutMs, topic, dataDir, own }: Conclusion): number {
    const { many, quiet, level } = this.options
    if (many && !quiet) this.context.note(`${count(totals.reached)} on ${topic} reached ${formatLevel(level)}`)
    if (this.failures > FAILURES_TOLD_MAX) this.context.note(`${count(this.failures)} were refused in all`)
    if (totals.late > 0) {
      const it = totals.late === 1 ? 'it' : 'they'
      this.context.error(`skein: ${many ? `${totals.late} of ${count(totals.reached + totals.late)}` : 'the message'} did not reach ${formatLevel(level)} in ${formatDuration(timeoutMs)}: ` +
        `${it} ${totals.late === 1 ? 'stays' : 'stay'} in the outbox [ERR_TIMEOUT]\n  hint: ` +
        (own ? `${it === 'it' ? 'It goes' : 'They go'} out when a node runs on ${dataDir}: skein daemon --data ${dataDir}` : 'The daemon goes on sending.'))
    }
    if (totals.unknown > 0) {
      this.context.error(`skein: ${stopped?.message ?? 'no answer'}: ${count(totals.unknown)} may or may not be in the outbox [${stopped?.code ?? 'ERR_UNREACHABLE'}]\n` +
        '  hint: A message with an --id of yours can be sent again and counts once.')
    }
    if (totals.unsent > 0) {
      this.context.error(`skein: ${stopped?.message ?? ''}: ${count(totals.unsent)} not sent [${stopped?.code ?? 'ERR_UNREACHABLE'}]` + (stopped?.hint === undefined ? '' : `\n  hint: ${stopped.hint}`))
    }
    if (many && stopped !== undefined) this.context.error('skein: stopped there: the lines after these were not sent')
    if (this.firstFailure !== undefined) return this.firstFailure.exitStatus
    if (totals.late > 0 || stopped?.code === 'ERR_TIMEOUT') return 75
    return stopped?.exitStatus ?? 0
  }

  private print (line: string): void {
    this.pending.push(line)
    if (this.pending.length > 1) return
    // What is reached in one turn, and while the last piece is being written, is written in one piece.
    this.written = this.written.then(async () => {
      await new Promise((resolve) => { setImmediate(resolve) })
      const text = `${this.pending.join('\n')}\n`
      this.pending = []
      await this.context.out.write(text)
    })
  }
}

const count = (messages: number): string => `${messages.toLocaleString('en')} message${messages === 1 ? '' : 's'}`
