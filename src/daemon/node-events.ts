/** A node's events, for people and as JSON lines. */
import type { MeshNode, NodeEvents } from '../node/api.js'

type Fields = Readonly<Record<string, unknown>>

export interface EventSink {
  /** One of the node's events, for machines. */
  event (name: string, fields: Fields): void
  /** The same for a person; not every event is worth a line. */
  say (name: string, line: string): void
}

export function forwardEvents (node: MeshNode, { event, say }: EventSink): void {
  const on = <E extends keyof NodeEvents> (name: E, fields: (value: Parameters<NodeEvents[E]>[0]) => Fields, text: (value: Parameters<NodeEvents[E]>[0]) => string): void => {
    const listener = (value: Parameters<NodeEvents[E]>[0]): void => {
      event(name, fields(value))
      say(name, text(value))
    }
    node.on(name, listener as NodeEvents[E])
  }
  const all = (value: object): Fields => ({ ...value })
  on('peer:joined', all, ({ peerId, address, direction }) => `peer joined   ${peerId} ${direction} ${address}`)
  on('peer:left', all, ({ peerId, reason }) => `peer left     ${peerId}: ${reason}`)
  on('peer:notice', all, ({ code, message }) => `notice        ${message} [${code}]`)
  on('gap:reported', all, ({ subscription, publisher, channel, from, to, reason }) => `gap           ${subscription} misses ${channel} ${from}–${to} of ${publisher}: ${reason}`)
  on('subscription:lapsing', all, ({ peerId, name, lapsesAt }) => `lapsing       ${name} of ${peerId} was not heard of for long; nothing is kept for it after ${new Date(lapsesAt).toISOString().slice(0, 10)}`)
  on('subscription:lapsed', all, ({ peerId, name }) => `lapsed        ${name} of ${peerId}: nothing is kept for it any more`)
  on('message:buried', ({ body, headers: _, ...letter }) => ({ ...letter, bodyBytes: body.length }), ({ deadId, topic, reason }) => `dead letter   ${deadId} on ${topic}: ${reason}`)
  on('publisher:forked', all, ({ publisher, channel, position, own }) => own
    ? `forked        this node’s own key has signed two histories of ${channel} from ${position} on; others take nothing more from it`
    : `forked        ${publisher} has signed two histories of ${channel} from ${position} on; nothing more is taken from it`)
  on('identity:duplicate', all, ({ stays }) => `key in use    another process works with this node’s key; ${stays ? 'it started first, and this node stops' : 'it started later, and has to stop'}`)
  on('clock:ahead', all, ({ publisher, channel, aheadMs }) => `clock ahead   ${publisher} on ${channel} by ${Math.round(aheadMs / 1_000)}s`)
  on('history:lost', ({ message }) => ({ message }), ({ message }) => `history lost  ${message}; the node goes on`)
  on('store:damaged', all, ({ publisher, channel, position }) => `store damaged ${channel} ${position} of ${publisher}; it is fetched again`)
}
