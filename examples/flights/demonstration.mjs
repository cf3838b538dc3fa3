/** What happens, in its order: start, publish, kill, start again, wait until all has arrived, compare. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { countOf, splitOrigins, totalsOf } from './flights.mjs'

const PUBLISHERS = 3
const SUBSCRIBERS = [
  { name: 'everything', filters: ['flights/#'] },
  // A flight between two of these matches twice and counts once.
  { name: 'big-three', filters: ['flights/DFW/+', 'flights/ORD/+', 'flights/ATL/+', 'flights/+/DFW', 'flights/+/ORD', 'flights/+/ATL'] }
]
/** What is killed, when so much of all is published, and when it comes back. */
const KILLS = [
  { victim: 'subscriber', atShare: 0.2, backAtShare: 0.35 },
  { victim: 'relay', atShare: 0.5, backAtShare: 0.65 }
]
const REDRAW_MS = 100

export async function demonstrate ({ flights, seconds, dir, processes, screen, signal }) {
  const mesh = 'flights'
  const relayDir = join(dir, 'relay')
  const state = { published: Array(PUBLISHERS).fill(0), stored: 0, received: {}, lag: {}, totals: {}, down: '' }
  let relay = await processes.startRelay({ dataDir: relayDir, mesh, listen: '/ip4/127.0.0.1/tcp/0' })
  const { address } = relay
  screen.say(`The relay listens on ${address}`)

  const subscribe = ({ name, filters }) => new Promise(resolve => {
    const started = processes.start('subscriber.mjs', { dataDir: join(dir, name), relay: address, mesh, name, filters }, message => {
      if (message.event === 'subscribed') resolve({ started, resumedWith: message.resumedWith })
      if (message.event === 'received') [state.received[name], state.lag[name]] = [message.count, message.lag]
      if (message.event === 'totals') state.totals[name] = message
    })
  })
  const subscribers = await Promise.all(SUBSCRIBERS.map(async of => ({ ...of, expected: totalsOf(flights, of.filters), ...await subscribe(of) })))
  for (const { name, filters, expected } of subscribers) screen.say(`Subscriber ${name} takes ${countOf(expected).toLocaleString('en')} flights: ${filters.join(' ')}`)

  // A moment for the processes to start, so that all replay the same clock.
  const startAt = Date.now() + 1_000
  const publishers = splitOrigins(flights, PUBLISHERS).map((origins, i) => processes.start(
    'publisher.mjs',
    { dataDir: join(dir, `publisher-${i + 1}`), relay: address, mesh, origins, limit: flights.length, seconds, startAt },
    ({ event, count }) => { if (event === 'published') state.published[i] = count; else state.stored += count }
  ))
  screen.say(`${PUBLISHERS} publishers replay ${flights.length.toLocaleString('en')} flights in ${seconds} s`)

  const published = () => state.published.reduce((a, b) => a + b)
  const until = async holds => {
    while (!holds()) {
      draw({ screen, state, subscribers, published: published(), all: flights.length })
      await pause(REDRAW_MS, undefined, { signal })
    }
  }

  for (const { victim, atShare, backAtShare } of KILLS) {
    await until(() => published() >= atShare * flights.length)
    const [subscriber] = subscribers
    const name = victim === 'relay' ? 'the relay' : `subscriber ${subscriber.name}`
    await processes.kill(victim === 'relay' ? relay : subscriber.started)
    state.down = `${victim === 'relay' ? 'relay' : subscriber.name} down`
    screen.say(`Killed ${name} with SIGKILL after ${published().toLocaleString('en')} flights`)
    await until(() => published() >= backAtShare * flights.length)
    if (victim === 'relay') relay = await processes.startRelay({ dataDir: relayDir, mesh, listen: address.replace(/\/p2p\/.*/, '') })
    else Object.assign(subscriber, await subscribe(subscriber))
    state.down = ''
    screen.say(`Started ${name} again after ${published().toLocaleString('en')} flights${victim === 'relay' ? '' : `; its journal had ${subscriber.resumedWith.toLocaleString('en')}`}`)
  }

  await until(() => state.stored === flights.length)
  await Promise.all(publishers.map(({ ended }) => ended))
  screen.say('All flights are stored beyond their publishers, and the publishers have ended')
  await until(() => subscribers.every(({ name, expected }) => state.received[name] >= countOf(expected) && state.lag[name] === 0))
  for (const { started } of subscribers) started.child.send({ event: 'finish' })
  await Promise.all(subscribers.map(({ started }) => started.ended))
  return subscribers.map(({ name, filters, expected }) => {
    const { byOrigin: actual, repeated, troubles } = state.totals[name]
    return { name, filters, expected, actual, repeated, troubles }
  })
}

function draw ({ screen, state, subscribers, published, all }) {
  const expected = subscribers.map(subscriber => countOf(subscriber.expected))
  const received = subscribers.map(({ name }) => state.received[name] ?? 0)
  const share = (published + received.reduce((a, b) => a + b)) / (all + expected.reduce((a, b) => a + b))
  screen.progress(Math.min(1, share), [
    `published ${published.toLocaleString('en')}`,
    ...subscribers.map(({ name }, i) => `${name} ${received[i].toLocaleString('en')}`),
    ...(state.down === '' ? [] : [state.down])
  ].join(' · '))
}
