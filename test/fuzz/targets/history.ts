/** The files of histories, as people record them and give them to the checker. */
import { checkFiles } from '../../../src/check/files.js'
import type { HistoryEvent } from '../../../src/check/event.js'
import { peerOf } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { holds, type Target } from '../target.js'
import { file } from './file-of.js'

/** A node that publishes to itself, with things that may befall it. */
function someHistory (draw: Draw): HistoryEvent[] {
  const node = peerOf(1)
  const id = (position: number): string => `${node}.1-${'0'.repeat(16)}.press.${position}`
  const events: HistoryEvent[] = [{ type: 'start', version: 1, node, settles: draw.chance(0.5) }, { type: 'subscribe', subscription: 's', filters: ['press/#'], from: draw.pick(['earliest', 'latest', 5] as const), ordered: true }]
  for (let position = 1, n = 1 + draw.int(5); position <= n; position++) {
    const message = id(position)
    events.push({ type: 'publish', op: `${position}`, topic: 'press/a', body: `b${position}`, ...(draw.chance(0.3) ? { key: 'k', id: `i${position}`, expiresAt: 9, t: 1 } : {}) })
    events.push({ type: 'published', op: `${position}`, outcome: 'ok', message, t: 2 })
    if (draw.chance(0.2)) events.push({ type: 'receipt', message, level: 'stored', by: [peerOf(2)] })
    events.push({ type: 'deliver', subscription: 's', message, topic: 'press/a', body: `b${position}`, attempt: 1 })
    events.push({ type: 'settle', subscription: 's', message }, draw.pick<HistoryEvent>([{ type: 'ack', subscription: 's', message }, { type: 'nack', subscription: 's', message }, { type: 'dead', subscription: 's', message, reason: 'no' }]))
  }
  if (draw.chance(0.3)) events.push({ type: 'gap', subscription: 's', publisher: peerOf(2), incarnation: `1-${'0'.repeat(16)}`, channel: 'press', from: 1 + draw.int(9), to: 1 + draw.whole(2 ** 53 - 2), reason: 'expired' })
  if (draw.chance(0.3)) events.push({ type: 'trim', incarnation: `1-${'0'.repeat(16)}`, channel: 'press', through: 1 + draw.whole(2 ** 53 - 2), reason: 'expired' })
  if (draw.chance(0.3)) events.push({ type: 'fault', fault: draw.pick(['disk-lost', 'restored', 'forked', 'kill']), node })
  events.push({ type: 'rest' })
  return events
}

export const history: Target = {
  name: 'history', what: 'files of histories: a verdict, with lines that are there as its witness, and never an error', shape: 'text', share: 15, bytesMax: 32_768,
  limits: { ms: 100, msPerKib: 20, bytes: 32 * 1024 * 1024, bytesPerByte: 4096 },
  make: draw => new Uint8Array(Buffer.from(someHistory(draw).map(event => `${JSON.stringify(event)}\n`).join(''))),
  words: ['"from":1', '"to":9007199254740991', '"type":"start"', '"type":"rest"', '"attempt":0', '"message":"', '"__proto__":{}', '"t":1e999', '"position":', '\n', '{}', '"filters":[]', '"body":'],
  run (bytes) {
    const path = file('history.jsonl', bytes)
    const verdict = checkFiles([path], { atRest: bytes.length % 2 === 0 })
    holds(['valid', 'invalid', 'unknown'].includes(verdict.verdict), 'there is no verdict')
    const lines = Buffer.from(bytes).toString().split('\n').length
    if (verdict.verdict === 'invalid') {
      holds(verdict.problems.length > 0, 'it is invalid and nobody knows why')
      for (const { witness } of verdict.problems) for (const { line } of witness) holds(line >= 1 && line <= lines, 'a witness is no line of the file')
    }
    if (verdict.verdict === 'unknown') holds(verdict.reasons.length > 0, 'it is unknown and nobody knows why')
    return verdict.verdict !== 'unknown'
  },
  fussy: true
}
