/** What runs inputs in a process of its own: it is told which, and tells what came of them. */
import { writeSync } from 'node:fs'
import { CHUNK, fuzz, Inputs, newTally, type Finding } from './fuzz.js'
import { shrink } from './shrink.js'
import { SHARE } from './target.js'
import { TARGETS } from './targets/index.js'
import { catchStray, trial } from './trial.js'

export type Order =
  | { readonly type: 'list' }
  /** `announce`: the index of each input is written to file descriptor 3 before it runs. */
  | { readonly type: 'run', readonly target: string, readonly seed: number, readonly from: number, readonly count: number, readonly announce: boolean }
  | { readonly type: 'replay', readonly target: string, readonly base64: string }
  | { readonly type: 'input', readonly target: string, readonly seed: number, readonly index: number }

export type Report =
  | { readonly type: 'list', readonly targets: ReadonlyArray<{ name: string, what: string, share: number }> }
  | { readonly type: 'done', readonly inputs: number, readonly accepted: number, readonly rejected: number, readonly failed: number, readonly msMax: number, readonly findings: ReadonlyArray<Omit<Finding, 'input'> & { base64: string }> }
  | { readonly type: 'replayed', readonly failure: string | undefined, readonly accepted: boolean, readonly ms: number, readonly base64: string }
  | { readonly type: 'input', readonly base64: string }

async function obey (order: Order): Promise<Report> {
  if (order.type === 'list') return { type: 'list', targets: TARGETS.map(({ name, what, share = SHARE }) => ({ name, what, share })) }
  const target = TARGETS.find(({ name }) => name === order.target)
  if (target === undefined) throw new Error(`no such target: ${order.target}`)
  if (order.type === 'input') return { type: 'input', base64: base64(new Inputs(target, order.seed).at(order.index).bytes) }
  if (order.type === 'replay') {
    const bytes = new Uint8Array(Buffer.from(order.base64, 'base64'))
    const { failure, accepted, ms } = await trial(target, bytes, false, true)
    return { type: 'replayed', failure: failure?.message, accepted, ms, base64: base64(failure === undefined ? bytes : await shrink(target, bytes, failure.kind)) }
  }
  const { seed, from, count, announce } = order
  const tally = newTally()
  const before = announce ? { before: (index: number) => { writeSync(3, `${index}\n`) } } : {}
  for (let at = from; at < from + count; at += CHUNK) await fuzz(target, { seed, from: at, count: Math.min(CHUNK, from + count - at), tally, ...before })
  const { findings, ...counts } = tally
  return { type: 'done', ...counts, findings: findings.map(({ input, ...finding }) => ({ ...finding, base64: base64(input) })) }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

catchStray()
process.on('message', (order: Order) => {
  obey(order).then(report => process.send?.(report), (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(2)
  })
})
process.on('disconnect', () => { process.exit(0) })
