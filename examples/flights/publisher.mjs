/**
 * A publisher process: replays the flights of its origins in the time it was given, each at its moment, and ends when
 * every one of them is stored on another node. It only knows the relay; while that is dead, its outbox keeps the flights.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createNode } from 'skein'
import { readFlights, topicOf } from './flights.mjs'
import { tell, untilOrphaned } from './child.mjs'

const TICK_MS = 20
const { dataDir, relay, mesh, origins, limit, seconds, startAt } = JSON.parse(process.argv[2])

const all = await readFlights(limit)
const mine = all.flatMap((flight, index) => origins.includes(flight.origin) ? [{ flight, dueMs: index / all.length * seconds * 1000, index }] : [])
const node = await createNode({ dataDir, mesh, bootstrap: [relay] })
const orphaned = untilOrphaned()
try {
  const published = []
  while (published.length < mine.length && !orphaned.aborted) {
    const nowMs = Date.now() - startAt
    const due = []
    for (let i = published.length; i < mine.length && mine[i].dueMs <= nowMs; i++) due.push(mine[i])
    // `publish` resolves when the flight is on this disk. With an id of its own a flight counts once, however often it is published.
    published.push(...await Promise.all(due.map(({ flight, index }) => {
      const { date, delay, distance } = flight
      return node.publish(topicOf(flight), { date, delay, distance }, { id: `flight-${index}` })
    })))
    if (due.length > 0) await tell({ event: 'published', count: published.length })
    await pause(TICK_MS)
  }
  for (const message of published) await message.stored({ by: 1, signal: orphaned })
  await tell({ event: 'stored', count: published.length })
} finally {
  await node.close()
}
process.disconnect?.()
