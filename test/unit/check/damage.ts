/** What can be wrong in a history: each kind of damage is done to the histories of a trial that went well, and must be found by its rule. */
import type { RuleName } from '../../../src/check/check.js'
import { matches, type TestHistory } from './trial.js'

type Loose = TestHistory['events'][number]
interface Line { readonly history: TestHistory, readonly at: number, readonly event: Loose, readonly life: number }

export interface Damaged {
  readonly histories: TestHistory[]
  /** Lines that must be among the witnesses: as they are after the damage. */
  readonly proof: readonly Loose[]
}

export interface Damage {
  readonly name: string
  readonly rule: RuleName
  /** Undefined when these histories have nothing that it can be done to. */
  do (trial: View, pick: <T>(list: readonly T[]) => T | undefined): Damaged | undefined
}

/** Histories to be damaged, and what is in them. */
export class View {
  readonly lines: Line[] = []
  readonly lives = new Map<TestHistory, number>()

  constructor (readonly histories: TestHistory[]) {
    for (const history of histories) {
      let life = 0
      for (const [at, event] of history.events.entries()) {
        if (event.type === 'start') life++
        this.lines.push({ history, at, event, life })
      }
      this.lives.set(history, life)
    }
  }

  of (type: string): Line[] { return this.lines.filter(({ event }) => event.type === type) }

  about (history: TestHistory, message: unknown, ...types: string[]): Line[] {
    return this.lines.filter(line => line.history === history && line.event['message'] === message && types.includes(line.event.type))
  }

  isLastLife ({ history, life }: Line): boolean { return this.lives.get(history) === life }

  publishOf (message: unknown): { publish: Line, outcome: Line } | undefined {
    const outcome = this.of('published').find(({ event }) => event['outcome'] === 'ok' && event['message'] === message && event['duplicate'] !== true)
    const publish = outcome === undefined ? undefined : this.of('publish').find(({ history, event }) => history === outcome.history && event['op'] === outcome.event['op'])
    return publish === undefined || outcome === undefined ? undefined : { publish, outcome }
  }

  /** Deliveries of what was delivered once, in no gap, and acked in the same life. */
  plain (): Array<Line & { ack: Line, settle: Line }> {
    return this.of('deliver').flatMap(line => {
      const { history, event, life } = line
      const all = this.about(history, event['message'], 'deliver', 'nack', 'dead')
      const [settle] = this.about(history, event['message'], 'settle')
      const [ack] = this.about(history, event['message'], 'ack')
      if (all.length !== 1 || ack === undefined || settle === undefined || ack.life !== life || this.publishOf(event['message'])?.publish.event['expiresAt'] !== undefined) return []
      return [{ ...line, ack, settle }]
    })
  }

  /** The histories without these lines. */
  without (...gone: readonly Line[]): TestHistory[] {
    return this.histories.map(history => ({ name: history.name, events: history.events.filter((_, at) => !gone.some(line => line.history === history && line.at === at)) }))
  }

  /** The histories with another line in the place of this one. */
  instead (line: Line, event: Record<string, unknown>, ...gone: readonly Line[]): Damaged {
    return this.inserted([{ ...line, at: line.at + 1 }, event], line, ...gone)
  }

  /** The histories with a line put before the one at `line`. */
  inserted ([line, event]: [Pick<Line, 'history' | 'at'>, Record<string, unknown>], ...gone: readonly Line[]): Damaged {
    const made = JSON.parse(JSON.stringify(event)) as Loose
    const histories = this.histories.map(history => ({
      name: history.name,
      events: [...history.events.entries(), [history.events.length, undefined] as const].flatMap(([at, old]) => [
        ...(history === line.history && at === line.at ? [made] : []),
        ...(old === undefined || gone.some(each => each.history === history && each.at === at) ? [] : [old])
      ])
    }))
    return { histories, proof: [made] }
  }

  /** Right before the end of its last life. */
  end (history: TestHistory): Pick<Line, 'history' | 'at'> { return { history, at: history.events.length - 1 } }
}

const placeOf = (message: unknown): { publisher: string, incarnation: string, channel: string, position: number } => {
  const [publisher = '', incarnation = '', channel = '', position = ''] = String(message).split('.')
  return { publisher, incarnation, channel, position: Number(position) }
}
const gapOf = (event: Loose, reason: string, more = 0): Record<string, unknown> => {
  const { position, ...log } = placeOf(event['message'])
  return { type: 'gap', subscription: event['subscription'], ...log, from: position, to: position + more, reason, t: event.t }
}
const another = (event: Loose, position: number, more: object = {}): Record<string, unknown> => ({ ...event, message: String(event['message']).replace(/\d+$/, String(position)), ...more })
const logOf = (event: Loose): string => String(event['message']).replace(/\.\d+$/, '')

/** A delivery that is put in, of a subscription of another node, with the content of this publish. */
function deliveryOf (view: View, { history, event }: Line): { line: Line, deliver: Record<string, unknown> } | undefined {
  const node = view.of('start').find(line => line.history === history)?.event['node']
  for (const line of view.of('subscribe')) {
    if (!view.isLastLife(line) || !matches((line.event['filters'] as string[])[0] as string, String(event['topic']))) continue
    const { topic, body, key } = event
    const channel = String(topic).split('/')[0]
    const known = view.of('published').find(each => each.history === history && String(each.event['message']).split('.')[2] === channel)
    const log = known === undefined ? `${String(node)}.101-00000000.${channel}` : logOf(known.event)
    return { line, deliver: { type: 'deliver', subscription: line.event['subscription'], message: `${log}.1000`, topic, body, key, attempt: 1, late: true } }
  }
  return undefined
}

export const DAMAGES: readonly Damage[] = [
  {
    name: 'a message that never came', rule: 'lost',
    do: (view, pick) => {
      const line = pick(view.plain().filter(({ event }) => view.publishOf(event['message']) !== undefined))
      const made = view.publishOf(line?.event['message'])
      if (line === undefined || made === undefined) return undefined
      return { histories: view.without(line, line.ack, line.settle), proof: [made.publish.event, made.outcome.event] }
    }
  },
  {
    name: 'a message that never came, of a publisher that lost its disk later, when others had heard of it', rule: 'lost',
    do: (view, pick) => {
      const line = pick(view.plain().filter(({ history, event }) => {
        const made = view.publishOf(event['message'])
        if (made === undefined || made.publish.history === history) return false
        return view.plain().some(other => other.history === history && logOf(other.event) === logOf(event) && placeOf(other.event['message']).position > placeOf(event['message']).position)
      }))
      const made = view.publishOf(line?.event['message'])
      if (line === undefined || made === undefined) return undefined
      made.publish.history.events.push({ type: 'fault', fault: 'disk-lost' } as Loose)
      return { histories: view.without(line, line.ack, line.settle), proof: [made.publish.event, made.outcome.event] }
    }
  },
  {
    name: 'an ack of what was not delivered', rule: 'settled-unseen',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : { histories: view.without(line), proof: [line.ack.event] }
    }
  },
  {
    name: 'an ack in another life than its delivery', rule: 'settled-unseen',
    do: (view, pick) => {
      const line = pick(view.plain().filter(each => !view.isLastLife(each)))
      return line === undefined ? undefined : view.inserted([view.end(line.history), line.ack.event], line.ack)
    }
  },
  {
    name: 'two deliveries in each other’s place', rule: 'order',
    do: (view, pick) => {
      const plain = view.plain()
      const pair = pick(plain.flatMap(first => {
        const ordered = view.of('subscribe').some(line => line.history === first.history && line.event['ordered'] === true)
        const second = plain.find(other => other.history === first.history && other.life === first.life && other.at > first.at && other.at < first.settle.at && logOf(other.event) === logOf(first.event))
        return second === undefined || !ordered ? [] : [{ first, second }]
      }))
      if (pair === undefined) return undefined
      const { first, second } = pair
      const { histories } = view.instead(first, { ...second.event, t: first.event.t })
      const history = histories.find(({ name }) => name === second.history.name)
      history?.events.splice(second.at, 1, { ...first.event, t: second.event.t } as Loose)
      return { histories, proof: [{ ...first.event, t: second.event.t } as Loose] }
    }
  },
  {
    name: 'a message of an earlier incarnation after one of a later one', rule: 'order',
    do: (view, pick) => {
      const plain = view.plain()
      const pair = pick(plain.flatMap(first => plain.filter(other => {
        const [a, b] = [placeOf(first.event['message']), placeOf(other.event['message'])]
        return other.history === first.history && other.life === first.life && other.at > first.at && a.publisher === b.publisher && a.channel === b.channel && a.incarnation !== b.incarnation
      }).map(second => ({ first, second }))))
      if (pair === undefined) return undefined
      // It moves to the end, with all that was done with it.
      const { first } = pair
      return view.inserted([view.end(first.history), first.event], first, first.settle, first.ack)
    }
  },
  {
    name: 'a nacked message overtaken', rule: 'held-back',
    do: (view, pick) => {
      const moved = pick(view.of('deliver').flatMap(again => {
        const nack = view.histories.flatMap(({ events }) => again.history.events === events ? [events[again.at - 1]] : [])[0]
        if (nack?.type !== 'nack' || again.event['redriven'] === true || !view.of('subscribe').some(line => line.history === again.history && line.event['ordered'] === true)) return []
        const next = view.plain().find(other => other.history === again.history && other.life === again.life && other.at > again.at && logOf(other.event) === logOf(again.event) && placeOf(other.event['message']).position > placeOf(again.event['message']).position)
        const busy = next === undefined || view.about(again.history, again.event['message'], 'deliver', 'settle', 'gap').some(line => line.at > again.at && line.at < next.at)
        return next === undefined || busy ? [] : [{ again, next }]
      }))
      return moved === undefined ? undefined : view.inserted([{ history: moved.next.history, at: moved.next.at + 1 }, moved.again.event], moved.again)
    }
  },
  ...(['body', 'topic', 'key'] as const).map((what): Damage => ({
    name: `a ${what} that is not what was published`, rule: 'altered',
    do: (view, pick) => {
      const line = pick(view.of('deliver').filter(({ event }) => view.publishOf(event['message']) !== undefined))
      return line === undefined ? undefined : view.instead(line, { ...line.event, [what]: what === 'topic' ? `${String(line.event['topic'])}/q` : 'changed' })
    }
  })),
  {
    name: 'a delivery after a durable ack', rule: 'delivered-again',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : { ...view.inserted([view.end(line.history), { ...line.event, attempt: 2 }]), proof: [line.ack.event, { ...line.event, attempt: 2 } as Loose] }
    }
  },
  {
    name: 'a delivery of a dead letter that nobody redrove', rule: 'delivered-again',
    do: (view, pick) => {
      const line = pick(view.of('dead').filter(({ history, at, event }) => !view.about(history, event['message'], 'deliver').some(later => later.at > at)))
      const deliver = line === undefined ? undefined : view.about(line.history, line.event['message'], 'deliver')[0]
      return line === undefined || deliver === undefined ? undefined : view.inserted([view.end(line.history), { ...deliver.event, attempt: 9, redriven: false }])
    }
  },
  {
    name: 'a redrive of what is no dead letter', rule: 'redriven-alive',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.instead(line, { ...line.event, redriven: true })
    }
  },
  {
    name: 'two acks', rule: 'settled-again',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([{ history: line.history, at: line.ack.at + 1 }, { ...line.ack.event, t: (line.ack.event.t ?? 0) + 1 }])
    }
  },
  {
    name: 'a dead letter that was acked', rule: 'settled-again',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([{ history: line.history, at: line.ack.at + 1 }, { ...line.ack.event, type: 'dead', reason: 'bad' }])
    }
  },
  {
    name: 'a dead letter that is gone', rule: 'stuck',
    do: (view, pick) => {
      const line = pick(view.of('dead').filter(each => view.isLastLife(each) && !view.about(each.history, each.event['message'], 'deliver').some(later => later.at > each.at)))
      const deliver = line === undefined ? undefined : view.about(line.history, line.event['message'], 'deliver').at(-1)
      return line === undefined || deliver === undefined || deliver.life !== line.life ? undefined : { histories: view.without(line), proof: [deliver.event] }
    }
  },
  {
    name: 'an ack that never became durable', rule: 'stuck',
    do: (view, pick) => {
      const line = pick(view.plain().filter(each => view.isLastLife(each)))
      return line === undefined ? undefined : { histories: view.without(line.ack), proof: [line.event] }
    }
  },
  {
    name: 'a delivery that a crash forgot', rule: 'stuck',
    do: (view, pick) => {
      const line = pick(view.plain().filter(each => !view.isLastLife(each)))
      return line === undefined ? undefined : { histories: view.without(line.ack, line.settle), proof: [line.event] }
    }
  },
  {
    name: 'a nack after which nothing came', rule: 'stuck',
    do: (view, pick) => {
      const line = pick(view.plain().filter(each => view.isLastLife(each)))
      return line === undefined ? undefined : view.instead(line.ack, { ...line.ack.event, type: 'nack' })
    }
  },
  ...([['expired', 'a gap that no trim justifies'], ['evicted', 'an eviction that nobody signed'], ['unrecoverable', 'a message called unrecoverable that its publisher still has'], ['restored', 'a restored publisher that was never restored'], ['forked', 'a fork that nobody saw']] as const).map(([reason, name]): Damage => ({
    name, rule: 'gap-unjustified',
    do: (view, pick) => {
      const line = pick(view.plain().filter(({ event }) => view.publishOf(event['message']) !== undefined && !view.of('trim').some(trim => trim.event['channel'] === placeOf(event['message']).channel)))
      return line === undefined ? undefined : view.instead(line, gapOf(line.event, reason), line.ack, line.settle)
    }
  })),
  {
    name: 'a gap of positions that nobody published', rule: 'gap-unjustified',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([view.end(line.history), { ...gapOf(line.event, 'unrecoverable'), from: 5000, to: 6000 }])
    }
  },
  {
    name: 'a gap that reaches behind the trim', rule: 'gap-unjustified',
    do: (view, pick) => {
      const line = pick(view.of('gap'))
      return line === undefined ? undefined : view.instead(line, { ...line.event, to: Number(line.event['to']) + 500 })
    }
  },
  {
    name: 'a gap for another reason than the trim', rule: 'gap-unjustified',
    do: (view, pick) => {
      const line = pick(view.of('gap'))
      return line === undefined ? undefined : view.instead(line, { ...line.event, reason: 'evicted' })
    }
  },
  {
    name: 'a gap over what was acked', rule: 'gap-over-settled',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([{ history: line.history, at: line.ack.at + 1 }, gapOf(line.event, 'expired')])
    }
  },
  {
    name: 'a delivery out of a gap', rule: 'delivered-after-gap',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([line, gapOf(line.event, 'expired')])
    }
  },
  {
    name: 'a message that nobody published', rule: 'phantom',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.inserted([view.end(line.history), another(line.event, 9000, { body: 'made-up' })])
    }
  },
  {
    name: 'a message that was refused', rule: 'refused-seen',
    do: (view, pick) => {
      const refused = view.of('published').filter(({ event }) => event['outcome'] === 'refused')
      const line = pick(view.of('publish').filter(({ history, event }) => refused.some(other => other.history === history && other.event['op'] === event['op'])))
      const made = line === undefined ? undefined : deliveryOf(view, line)
      return made === undefined ? undefined : view.inserted([{ history: made.line.history, at: made.line.at + 1 }, made.deliver])
    }
  },
  {
    name: 'an operation of unknown outcome seen as two messages', rule: 'seen-twice',
    do: (view, pick) => {
      const known = view.of('published').filter(({ event }) => event['outcome'] !== 'unknown')
      const line = pick(view.of('publish').filter(({ history, event }) => !known.some(other => other.history === history && other.event['op'] === event['op'])))
      const made = line === undefined ? undefined : deliveryOf(view, line)
      if (made === undefined) return undefined
      const once = view.inserted([{ history: made.line.history, at: made.line.at + 1 }, made.deliver])
      return new View(once.histories).inserted([{ history: once.histories.find(({ name }) => name === made.line.history.name) as TestHistory, at: made.line.at + 2 }, { ...made.deliver, message: String(made.deliver['message']).replace('1000', '1001') }])
    }
  },
  {
    name: 'a position used for two messages', rule: 'position-reused',
    do: (view, pick) => {
      const line = pick(view.of('published').filter(({ event }) => event['outcome'] === 'ok' && event['duplicate'] !== true))
      const publish = view.publishOf(line?.event['message'])?.publish
      if (line === undefined || publish === undefined) return undefined
      const once = view.inserted([view.end(line.history), { type: 'publish', op: 'again', topic: publish.event['topic'], body: 'other' }])
      const history = once.histories.find(({ name }) => name === line.history.name) as TestHistory
      return new View(once.histories).inserted([{ history, at: history.events.length - 1 }, { type: 'published', op: 'again', outcome: 'ok', message: line.event['message'] }])
    }
  },
  {
    name: 'one publish id for two messages', rule: 'publish-id',
    do: (view, pick) => {
      const line = pick(view.of('published').filter(({ event }) => event['duplicate'] === true))
      return line === undefined ? undefined : view.instead(line, another(line.event, 7000))
    }
  },
  {
    name: 'a duplicate of nothing', rule: 'publish-id',
    do: (view, pick) => {
      const ids = view.of('publish').map(({ event }) => event['id'])
      const line = pick(view.of('published').filter(({ event }) => {
        const id = event['outcome'] === 'ok' ? view.publishOf(event['message'])?.publish.event['id'] : undefined
        return id !== undefined && ids.filter(other => other === id).length === 1
      }))
      return line === undefined ? undefined : view.instead(line, { ...line.event, duplicate: true })
    }
  },
  {
    name: 'an ordinary message marked late', rule: 'late-unjustified',
    do: (view, pick) => {
      const line = pick(view.plain().filter(({ event }) => {
        const { publisher, incarnation, channel } = placeOf(event['message'])
        const history = view.of('start').find(start => start.event['node'] === publisher)?.history
        const open = view.of('publish').some(publish => publish.history === history && String(publish.event['topic']).split('/')[0] === channel && !view.of('published').some(done => done.history === history && done.event['op'] === publish.event['op'] && done.event['outcome'] !== 'unknown'))
        const later = view.lines.some(other => typeof other.event['message'] === 'string' && placeOf(other.event['message']).publisher === publisher && placeOf(other.event['message']).channel === channel && placeOf(other.event['message']).incarnation > incarnation)
        return !open && !later
      }))
      return line === undefined ? undefined : view.instead(line, { ...line.event, late: true })
    }
  },
  {
    name: 'a delivery that the filters do not take in', rule: 'not-asked-for',
    do: (view, pick) => {
      const line = pick(view.plain())
      if (line === undefined) return undefined
      for (const event of line.history.events) if (event.type === 'subscribe') Object.assign(event, { filters: ['elsewhere/#'] })
      // Every delivery of the subscription is one.
      return { histories: view.histories, proof: [] }
    }
  },
  {
    name: 'a delivery to a subscription that is not there', rule: 'not-asked-for',
    do: (view, pick) => {
      const line = pick(view.plain())
      return line === undefined ? undefined : view.instead(line, { ...line.event, subscription: 'nobody' })
    }
  },
  {
    name: 'a delivery of what had expired', rule: 'after-expiry',
    do: (view, pick) => {
      const line = pick(view.plain().filter(({ event }) => view.publishOf(event['message']) !== undefined))
      const made = view.publishOf(line?.event['message'])
      if (line === undefined || made === undefined) return undefined
      return view.instead(made.publish, { ...made.publish.event, expiresAt: (line.event.t ?? 0) - 10_000 })
    }
  },
  {
    name: 'a receipt of a subscription that its node does not have', rule: 'receipt-untrue',
    do: (view, pick) => {
      const line = pick(view.of('receipt').filter(({ event }) => event['level'] === 'processed'))
      return line === undefined ? undefined : view.instead(line, { ...line.event, subscription: 'nobody' })
    }
  },
  {
    name: 'a receipt of what was never delivered there', rule: 'receipt-untrue',
    do: (view, pick) => {
      const found = pick(view.of('receipt').filter(({ event }) => event['level'] === 'processed').flatMap(receipt => view.plain().filter(({ event }) => event['message'] === receipt.event['message'] && event['subscription'] === receipt.event['subscription']).map(line => ({ receipt, line }))))
      const place = placeOf(found?.line.event['message'])
      if (found === undefined || view.of('trim').some(({ event }) => event['channel'] === place.channel)) return undefined
      return { histories: view.without(found.line, found.line.settle, found.line.ack), proof: [found.receipt.event] }
    }
  },
  {
    name: 'a receipt of what that node calls unrecoverable', rule: 'receipt-untrue',
    do: (view, pick) => {
      const found = pick(view.of('receipt').filter(({ event }) => event['level'] === 'stored').flatMap(receipt => view.plain().filter(({ event, history }) => event['message'] === receipt.event['message'] && view.of('start').some(start => start.history === history && (receipt.event['by'] as string[]).includes(String(start.event['node'])))).map(line => ({ receipt, line }))))
      if (found === undefined) return undefined
      found.receipt.history.events.push({ type: 'fault', fault: 'disk-lost' } as Loose)
      const done = view.instead(found.line, gapOf(found.line.event, 'unrecoverable'), found.line.settle, found.line.ack)
      return { ...done, proof: [...done.proof, found.receipt.event] }
    }
  }
]
