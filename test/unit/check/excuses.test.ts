/** What looks like a broken promise and is none, each beside the same without the excuse. */
import { describe, expect, test } from 'vitest'
import { checkHistories, type CheckOptions, type HistoryEvent, type RuleName } from '../../../src/check/check.js'

const A = '100-aaaa'
const id = (position: number, incarnation = A): string => `P.${incarnation}.a.${position}`
const publish = (op: string, more: object = {}): HistoryEvent => ({ type: 'publish', op, topic: 'a/x', body: op, ...more })
const ok = (op: string, position: number, more: object = {}): HistoryEvent => ({ type: 'published', op, outcome: 'ok', message: id(position), ...more })
const made = (op: string, position: number, more: object = {}): HistoryEvent[] => [publish(op, more), ok(op, position)]
const start = (node: string, more: object = {}): HistoryEvent => ({ type: 'start', version: 1, node, settles: true, ...more })
const subscribe = (more: object = {}): HistoryEvent => ({ type: 'subscribe', subscription: 's', filters: ['a/#'], from: 'earliest', ordered: true, maxAttempts: 3, ...more })
const deliver = (body: string, position: number, more: object = {}): HistoryEvent => ({ type: 'deliver', subscription: 's', message: id(position), topic: 'a/x', body, attempt: 1, ...more })
const settle = (position: number): HistoryEvent => ({ type: 'settle', subscription: 's', message: id(position) })
const ack = (position: number): HistoryEvent => ({ type: 'ack', subscription: 's', message: id(position) })
const dead = (position: number): HistoryEvent => ({ type: 'dead', subscription: 's', message: id(position), reason: 'bad' })
const handled = (body: string, position: number, more: object = {}): HistoryEvent[] => [deliver(body, position, more), settle(position), ack(position)]
const gap = (reason: string, from: number, to = from): HistoryEvent => ({ type: 'gap', subscription: 's', publisher: 'P', incarnation: A, channel: 'a', from, to, reason } as HistoryEvent)
const fault = (kind: string, node?: string): HistoryEvent => ({ type: 'fault', fault: kind, ...(node === undefined ? {} : { node }) })

/** The rules that are broken; 'unknown' when nothing can be said. */
function broken (publisher: HistoryEvent[], subscriber: HistoryEvent[], options: CheckOptions = {}, others: HistoryEvent[][] = []): Array<RuleName | 'unknown'> {
  const histories = [[start('P'), ...publisher], [start('S'), ...subscriber], ...others].map((events, i) => ({ name: `h${i}`, events }))
  const verdict = checkHistories(histories, { atRest: true, ...options })
  if (verdict.verdict === 'unknown') return ['unknown']
  return verdict.verdict === 'valid' ? [] : [...new Set(verdict.problems.map(({ rule }) => rule))]
}

describe('what was settled comes again', () => {
  const again = [subscribe(), ...handled('m', 1), start('S'), subscribe(), ...handled('m', 1)]
  const between = (event: HistoryEvent): HistoryEvent[] => [...again.slice(0, 4), event, ...again.slice(4)]

  test('only when the node’s store was lost or put back meanwhile', () => {
    expect(broken(made('m', 1), again)).toEqual(['delivered-again'])
    expect(broken(made('m', 1), between(fault('restored')))).toEqual([])
    expect(broken(made('m', 1), between(fault('disk-lost')))).toEqual([])
    expect(broken(made('m', 1), between(fault('slow')))).toEqual(['delivered-again'])
  })

  test('not because of a fault that came before the ack, nor of one of another node', () => {
    expect(broken(made('m', 1), [fault('restored'), ...again])).toEqual(['delivered-again'])
    expect(broken([...made('m', 1), fault('restored')], again)).toEqual(['delivered-again'])
  })

  test('when it was in a gap, and the store that knew of the gap was lost', () => {
    const told = (...meanwhile: HistoryEvent[]): HistoryEvent[] => [subscribe(), gap('forked', 1), ...handled('n', 2), ...meanwhile, start('S'), subscribe(), ...handled('m', 1)]
    const two = [...made('m', 1), ...made('n', 2), fault('forked')]
    expect(broken(two, told())).toContain('delivered-after-gap')
    expect(broken(two, told(fault('disk-lost')))).toEqual([])
    expect(broken(two, told(fault('restored')))).toEqual([])
  })

  test('when another history says that the store was put back, at a time that cannot be told', () => {
    expect(broken([...made('m', 1), fault('restored', 'S')], again)).toEqual([])
    expect(broken(made('m', 1), again, {}, [[fault('restored', 'S')]])).toEqual([])
  })

  test('when the subscription was removed and made again', () => {
    expect(broken(made('m', 1), [subscribe(), ...handled('m', 1), { type: 'unsubscribe', subscription: 's' }, subscribe(), ...handled('m', 1)])).toEqual([])
  })
})

describe('a delivery that was open when its node ended', () => {
  const ended = (...more: HistoryEvent[]): HistoryEvent[] => [subscribe(), deliver('m', 1), ...more, start('S'), subscribe()]

  test('must come again when nobody had settled it', () => { expect(broken(made('m', 1), ended())).toEqual(['stuck']) })
  test('is in doubt once it was to be settled', () => { expect(broken(made('m', 1), ended(settle(1)))).toEqual([]) })
  test('stays in doubt when a copy of the store is put back, which may know that it was settled', () => {
    expect(broken(made('m', 1), ended(settle(1), fault('restored')))).toEqual([])
    expect(broken(made('m', 1), [subscribe(), deliver('m', 1, { attempt: 3 }), fault('restored'), start('S'), subscribe()])).toEqual([])
    expect(broken(made('m', 1), ended(fault('restored')))).toEqual(['lost'])
  })
  test('is in doubt at its last attempt, which may have made it a dead letter', () => {
    expect(broken(made('m', 1), [subscribe(), deliver('m', 1, { attempt: 3 }), start('S'), subscribe()])).toEqual([])
    expect(broken(made('m', 1), [subscribe(), deliver('m', 1, { attempt: 3 }), start('S'), subscribe(), deliver('m', 1, { redriven: true }), settle(1), ack(1)])).toEqual([])
  })
  test('is in doubt where settling is not recorded', () => {
    expect(broken(made('m', 1), [start('S', { settles: false }), ...ended()])).toEqual([])
  })
})

describe('dead letters', () => {
  test('come again when they are redriven, and are settled once more', () => {
    const letter = [subscribe(), deliver('m', 1), settle(1), dead(1)]
    expect(broken(made('m', 1), letter)).toEqual([])
    expect(broken(made('m', 1), [...letter, ...handled('m', 1, { redriven: true })])).toEqual([])
    expect(broken(made('m', 1), [...letter, deliver('m', 1, { redriven: true }), dead(1), ...handled('m', 1, { redriven: true })])).toEqual([])
    expect(broken(made('m', 1), [...letter, deliver('m', 1, { redriven: true })])).toEqual(['stuck'])
    // It became one when its node ended, and is redriven with more than one attempt.
    const unseen = [subscribe(), deliver('m', 1), settle(1), start('S'), subscribe(), deliver('m', 1, { redriven: true })]
    expect(broken(made('m', 1), [...unseen, ...handled('m', 1, { redriven: true, attempt: 2 })])).toEqual([])
    // When the node ended before the redrive was on disk it is a dead letter still.
    expect(broken(made('m', 1), [...letter, deliver('m', 1, { redriven: true }), start('S'), subscribe()])).toEqual([])
    expect(broken(made('m', 1), [...letter, ...handled('m', 1, { redriven: true }), deliver('m', 1, { redriven: true })])).toEqual(expect.arrayContaining(['delivered-again']))
  })
})

describe('a message that did not come', () => {
  const two = [...made('m', 1), ...made('n', 2)]
  const other = [start('T'), subscribe({ subscription: 's' }), ...handled('m', 1), ...handled('n', 2)]

  test('may have expired', () => {
    const late = (expiresAt: number): HistoryEvent[] => [...made('m', 1, { expiresAt }), { type: 'rest', t: 100_000 }]
    expect(broken(late(90_000), [subscribe()])).toEqual([])
    expect(broken(late(104_000), [subscribe()])).toEqual([])
    expect(broken(late(106_000), [subscribe()])).toEqual(['lost'])
    expect(broken(late(104_000), [subscribe()], { clockSkewMs: 0 })).toEqual(['lost'])
  })

  test('is lost with the publisher’s store as far as nobody else had heard of it', () => {
    expect(broken(two, [subscribe(), ...handled('m', 1)])).toEqual(['lost'])
    for (const kind of ['disk-lost', 'restored', 'gone']) expect(broken([...two, fault(kind)], [subscribe(), ...handled('m', 1)])).toEqual([])
    expect(broken([...two, fault('disk-lost')], [subscribe(), ...handled('m', 1)], {}, [other])).toEqual(['lost'])
    expect(broken([...two, fault('disk-lost')], [subscribe(), ...handled('m', 1), gap('unrecoverable', 2)], {}, [other])).toEqual([])
    expect(broken([fault('disk-lost'), ...two], [subscribe(), ...handled('m', 1)])).toEqual(['lost'])
  })

  test('is owed of what its publisher lost where another node had it, or this one was told that more is missing, and not for what others were told', () => {
    const lost = [...two, ...made('o', 3), fault('disk-lost')]
    const told = (reason: string): HistoryEvent[] => [start('T'), subscribe(), ...handled('m', 1), gap(reason, 2, 3)]
    expect(broken(lost, [subscribe(), ...handled('m', 1)], {}, [told('unrecoverable')])).toEqual([])
    expect(broken(lost, [subscribe(), ...handled('m', 1), gap('unrecoverable', 3)], {}, [told('unrecoverable')])).toEqual(['lost'])
    const trim: HistoryEvent = { type: 'trim', incarnation: A, channel: 'a', through: 3, reason: 'expired', t: 100_000 }
    expect(broken([...two, ...made('o', 3), trim, fault('disk-lost')], [subscribe({ t: 1_000 }), ...handled('m', 1)], {}, [told('expired')])).toEqual(['lost'])
  })

  test('is not owed when those that had heard of it are gone too', () => {
    expect(broken([...two, fault('disk-lost')], [subscribe(), ...handled('m', 1)], {}, [[...other, fault('gone')]])).toEqual([])
  })

  test('is not owed to a node that is gone', () => {
    expect(broken(two, [subscribe(), fault('gone')])).toEqual([])
  })

  test('is owed by a receipt that tells of it on another disk', () => {
    const receipt: HistoryEvent = { type: 'receipt', message: id(2), level: 'stored', by: ['T'] }
    expect(broken([...two, receipt, fault('disk-lost')], [subscribe(), ...handled('m', 1)])).toEqual(['lost'])
  })

  test('was trimmed before the subscription was made', () => {
    const trimmed = (t: number): HistoryEvent[] => [...two, { type: 'trim', incarnation: A, channel: 'a', through: 1, reason: 'expired', t }]
    expect(broken(trimmed(1_000), [subscribe({ t: 50_000 }), ...handled('n', 2)])).toEqual([])
    expect(broken(trimmed(90_000), [subscribe({ t: 50_000 }), ...handled('n', 2)])).toEqual(['lost'])
  })
})

describe('where a subscription begins', () => {
  const three = [...made('m', 1, { t: 1_000 }), ...made('n', 2, { t: 20_000 }), ...made('o', 3, { t: 40_000 })]
  const latest = subscribe({ from: 'latest', t: 10_000 })

  test('latest: behind what was published before, and with the first that was delivered at the latest', () => {
    expect(broken(three, [latest, ...handled('n', 2), ...handled('o', 3)])).toEqual([])
    expect(broken(three, [latest, ...handled('o', 3)])).toEqual(['lost'])
    expect(broken(three, [subscribe({ from: 'latest', t: 18_000 }), ...handled('o', 3)])).toEqual([])
    expect(broken(three, [subscribe({ from: 'latest', t: 90_000 })])).toEqual([])
    expect(broken(three, [subscribe({ from: 'latest', t: 90_000 }), ...handled('m', 1), ...handled('o', 3)])).toEqual(['lost'])
  })

  test('a time: with what was published from then on', () => {
    expect(broken(three, [subscribe({ from: 30_000, t: 90_000 }), ...handled('o', 3)])).toEqual([])
    expect(broken(three, [subscribe({ from: 10_000, t: 90_000 }), ...handled('o', 3)])).toEqual(['lost'])
  })

  test('other filters: what both take in, and what came after the change', () => {
    const change = subscribe({ filters: ['#'], t: 30_000 })
    const elsewhere = [...three, { type: 'publish', op: 'b', topic: 'b/x', body: 'b', t: 1_000 }, { type: 'published', op: 'b', outcome: 'ok', message: 'P.100-aaaa.b.1' }] as HistoryEvent[]
    const all = [...handled('m', 1), ...handled('n', 2), ...handled('o', 3)]
    expect(broken(elsewhere, [subscribe({ t: 500 }), change, ...all])).toEqual([])
    expect(broken(elsewhere, [subscribe({ t: 500, filters: ['#'] }), ...all])).toEqual(['lost'])
    expect(broken(three, [subscribe({ t: 500 }), change, ...handled('m', 1), ...handled('n', 2)])).toEqual(['lost'])
  })

  test('a removed subscription is owed nothing', () => {
    expect(broken(three, [subscribe(), { type: 'unsubscribe', subscription: 's' }])).toEqual([])
  })
})

describe('gaps', () => {
  const two = [...made('m', 1), ...made('n', 2)]
  const rest = handled('n', 2)

  test('are justified by what befell the publisher', () => {
    for (const [reason, faults] of [['restored', ['restored', 'disk-lost']], ['forked', ['forked']], ['unrecoverable', ['disk-lost', 'restored', 'gone', 'forked']]] as const) {
      expect(broken(two, [subscribe(), gap(reason, 1), ...rest])).toEqual(['gap-unjustified'])
      for (const kind of faults) expect(broken([...two, fault(kind)], [subscribe(), gap(reason, 1), ...rest])).toEqual([])
    }
  })

  test('unrecoverable was too early when the message comes late after all', () => {
    expect(broken(two, [subscribe(), gap('unrecoverable', 1), ...rest, ...handled('m', 1, { late: true })])).toEqual([])
    expect(broken(two, [subscribe(), gap('unrecoverable', 1), ...rest, ...handled('m', 1)])).toEqual(['delivered-after-gap'])
  })

  test('told just before a crash may be taken back by it', () => {
    expect(broken(two, [subscribe(), gap('unrecoverable', 1), start('S'), subscribe(), ...handled('m', 1), ...rest])).toEqual([])
    expect(broken(two, [subscribe(), gap('unrecoverable', 1), ...rest, start('S'), subscribe(), ...handled('m', 1)])).toEqual(['delivered-after-gap'])
  })

  test('take in what the filters do not', () => {
    const mixed = [...made('m', 1, { topic: 'a/y' }), ...made('n', 2)]
    expect(broken(mixed, [subscribe({ filters: ['a/x'] }), gap('unrecoverable', 1), ...rest])).toEqual([])
  })
})

describe('order', () => {
  test('with parallel handlers is that of each key', () => {
    const keyed = (...keys: Array<string | undefined>): HistoryEvent[] => keys.flatMap((key, i) => made(`m${i + 1}`, i + 1, key === undefined ? {} : { key }))
    const got = (position: number, key?: string): HistoryEvent[] => handled(`m${position}`, position, key === undefined ? {} : { key })
    expect(broken(keyed('k', 'l', undefined), [subscribe({ ordered: false }), ...got(3), ...got(2, 'l'), ...got(1, 'k')])).toEqual([])
    expect(broken(keyed('k', 'k'), [subscribe({ ordered: false }), ...got(2, 'k'), ...got(1, 'k')])).toEqual(['order'])
    expect(broken(keyed('k', 'l'), [subscribe(), ...got(2, 'l'), ...got(1, 'k')])).toEqual(['order'])
  })

  test('in one life of the node holds for what comes again too', () => {
    const two = [...made('m', 1), ...made('n', 2)]
    const first = [subscribe(), deliver('m', 1), deliver('n', 2), start('S'), subscribe()]
    expect(broken(two, [...first, deliver('m', 1, { attempt: 2 }), settle(1), ack(1), deliver('n', 2, { attempt: 2 }), settle(2), ack(2)])).toEqual([])
    expect(broken(two, [...first, deliver('n', 2, { attempt: 2 }), settle(2), ack(2), deliver('m', 1, { attempt: 2 }), settle(1), ack(1)])).toEqual(['order'])
  })

  test('late is what an incarnation left behind that a later one has followed', () => {
    const later = [publish('z'), { type: 'published', op: 'z', outcome: 'ok', message: id(1, '200-bbbb') }] as HistoryEvent[]
    const after = [deliver('z', 1, { message: id(1, '200-bbbb') }), { type: 'ack', subscription: 's', message: id(1, '200-bbbb') }] as HistoryEvent[]
    expect(broken([...made('m', 1), start('P'), ...later], [subscribe(), ...after, ...handled('m', 1, { late: true })])).toEqual([])
    expect(broken([...made('m', 1), start('P'), ...later], [subscribe(), ...after, ...handled('m', 1)])).toEqual(['order'])
    expect(broken(made('m', 1), [subscribe(), ...handled('m', 1, { late: true })])).toEqual(['late-unjustified'])
  })
})

describe('what was published', () => {
  test('an operation of unknown outcome is one message or none', () => {
    expect(broken([publish('m')], [subscribe(), ...handled('m', 1)])).toEqual([])
    expect(broken([publish('m')], [subscribe()], {}, [[start('T'), subscribe(), ...handled('m', 1)]])).toEqual([])
    expect(broken([publish('m')], [subscribe(), ...handled('m', 1), ...handled('m', 2)])).toEqual(['seen-twice'])
  })

  test('thousands of one content, each delivered, are not compared each with each', () => {
    // That would not end within the deadline.
    const count = 40_000
    const ops = Array.from({ length: count }, (_, i) => publish(`op-${i}`, { body: 'm' }))
    const seen = Array.from({ length: count + 20 }, (_, i) => handled('m', i + 1)).flat()
    expect(broken(ops, [subscribe(), ...seen])).toEqual(['seen-twice'])
  }, 60_000)

  test('said twice under one id it is one message', () => {
    const again = [publish('m', { id: 'i' }), publish('m2', { id: 'i', body: 'm' })]
    expect(broken([...again, ok('m2', 1)], [subscribe(), ...handled('m', 1)])).toEqual([])
    expect(broken([...again, ok('m2', 1, { duplicate: true })], [subscribe(), ...handled('m', 1)])).toEqual([])
    expect(broken([...again, ok('m2', 1)], [subscribe(), ...handled('m', 1), ...handled('m', 2)])).toEqual(['seen-twice'])
    expect(broken([...again, ok('m', 1), ok('m2', 2)], [subscribe(), ...handled('m', 1), ...handled('m', 2)])).toEqual(['publish-id'])
  })

  test('stored once and unrecoverable for a subscription that was made later it may be, for what all have settled is dropped', () => {
    const stored: HistoryEvent = { type: 'receipt', message: id(1), level: 'stored', by: ['S'], t: 100_000 } as HistoryEvent
    const kept = [publish('m', { t: 50_000 }), { ...ok('m', 1), t: 50_000 }, stored] as HistoryEvent[]
    const lost = [subscribe({ t: 1000 }), gap('unrecoverable', 1)]
    expect(broken([...kept, fault('disk-lost')], lost)).toEqual(['receipt-untrue'])
    expect(broken([...kept, fault('disk-lost')], [subscribe({ t: 200_000 }), gap('unrecoverable', 1)])).toEqual([])
  })

  test('said twice under one id it may be two, when the store that remembered the id was lost between', () => {
    const first = [publish('m', { id: 'i' }), ok('m', 1)]
    const again = [start('P'), publish('m2', { id: 'i', body: 'm' })]
    const lost: HistoryEvent[] = [{ type: 'fault', fault: 'disk-lost' }]
    const seen = [subscribe(), ...handled('m', 1), ...handled('m', 2)]
    expect(broken([...first, ...again], seen)).toEqual(['seen-twice'])
    expect(broken([...first, ...lost, ...again], seen)).toEqual([])
    expect(broken([...first, ...again, ...lost], seen)).toEqual(['seen-twice'])
    expect(broken([publish('m', { id: 'i' }), ...again], seen)).toEqual(['seen-twice'])
    expect(broken([publish('m', { id: 'i' }), ...lost, ...again], seen)).toEqual([])
    expect(broken([publish('m', { id: 'i' }), ...again, ok('m2', 2)], seen)).toEqual(['seen-twice'])
    expect(broken([publish('m', { id: 'i' }), ...lost, ...again, ok('m2', 2)], seen)).toEqual([])
  })

  test('said twice under one id it may be two, when what may have been its message was trimmed between', () => {
    const trim = (channel = 'a'): HistoryEvent => ({ type: 'trim', incarnation: A, channel, through: 1, reason: 'evicted' })
    const again = [start('P'), publish('m2', { id: 'i', body: 'm' }), ok('m2', 2)]
    const other = [publish('o', { topic: 'b/x' }), { type: 'published', op: 'o', outcome: 'ok', message: 'P.100-aaaa.b.1' } as HistoryEvent]
    const seen = [subscribe(), ...handled('m', 1), ...handled('m', 2)]
    expect(broken([...other, publish('m', { id: 'i' }), ...again], seen)).toEqual(['seen-twice'])
    expect(broken([...other, publish('m', { id: 'i' }), trim('b'), ...again], seen)).toEqual(['seen-twice'])
    expect(broken([...other, publish('m', { id: 'i' }), ...again, trim()], seen)).toEqual(['seen-twice'])
    expect(broken([...other, publish('m', { id: 'i' }), trim(), ...again], seen)).toEqual([])
    // Neither was answered.
    expect(broken([publish('m', { id: 'i' }), start('P'), publish('m2', { id: 'i', body: 'm' })], seen)).toEqual(['seen-twice'])
    expect(broken([publish('m', { id: 'i' }), start('P'), trim(), publish('m2', { id: 'i', body: 'm' })], seen)).toEqual([])
  })

  test('refused once and kept the second time it may be seen', () => {
    const no: HistoryEvent[] = [publish('m'), { type: 'published', op: 'm', outcome: 'refused' }]
    expect(broken(no, [subscribe(), ...handled('m', 1)])).toEqual(['refused-seen'])
    expect(broken([...no, publish('m2', { body: 'm' }), ok('m2', 1)], [subscribe(), ...handled('m', 1)])).toEqual([])
  })

  test('before its history began is let pass', () => {
    const old = [start('P', { earlier: true }), ...made('n', 1).map(event => ({ ...event, ...('message' in event ? { message: id(1, '300-cccc') } : {}) }))] as HistoryEvent[]
    const got = [subscribe(), ...handled('m', 1), deliver('n', 1, { message: id(1, '300-cccc') }), { type: 'ack', subscription: 's', message: id(1, '300-cccc') }] as HistoryEvent[]
    expect(broken(old, got)).toEqual([])
    expect(broken(old.map(event => event.type === 'start' ? start('P') : event), got)).toEqual(['phantom'])
  })
})

describe('nothing can be said', () => {
  const fine = [subscribe(), ...handled('m', 1)]
  test.each([
    ['without rest', made('m', 1), fine, { atRest: false }, []],
    ['when the format is newer', [{ ...start('P'), version: 2 } as unknown as HistoryEvent, ...made('m', 1)], fine, {}, []],
    ['when lines are missing', [...made('m', 1), fault('history-lost')], fine, {}, []],
    ['when an outcome belongs to nothing', [...made('m', 1), ok('x', 2)], fine, {}, []],
    ['when two histories have one subscription', made('m', 1), fine, {}, [[start('S'), ...fine]]],
    ['when a publisher has no history', [...made('m', 1)], [...fine, deliver('q', 1, { message: 'Q.1-a.a.1' }), { type: 'ack', subscription: 's', message: 'Q.1-a.a.1' } as HistoryEvent], {}, []],
    ['when nothing happened', [], [], {}, []]
  ] as const)('%s', (_what, publisher, subscriber, options, others) => {
    expect(broken([...publisher], [...subscriber], options, others.map(events => [...events]))).toEqual(['unknown'])
  })

  test('though what is proved all the same is told', () => {
    expect(broken(made('m', 1), [subscribe(), ...handled('m', 1), deliver('m', 1)], { atRest: false })).toEqual(['delivered-again'])
    expect(checkHistories([]).verdict).toBe('unknown')
  })

  test('unless its history says that it came to rest, and nothing was published or delivered after that', () => {
    const rest: HistoryEvent = { type: 'rest' }
    expect(broken([...made('m', 1), rest], [...fine, rest], { atRest: false })).toEqual([])
    expect(broken([...made('m', 1), rest, ...made('n', 2)], [...fine, rest], { atRest: false })).toEqual(['unknown'])
  })
})
