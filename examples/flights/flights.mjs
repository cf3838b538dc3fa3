/** The flights of the file, and what is to be counted about them. */
import { readFile } from 'node:fs/promises'
import { matches } from './filters.mjs'

/** 20,000 flights within the United States in early 2001, in the order of their departure. */
const FILE = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'))

export async function readFlights (limit) {
  const flights = JSON.parse(await readFile(FILE, 'utf8'))
  if (!(limit >= 1 && limit <= flights.length)) throw new Error(`there are 1 to ${flights.length} flights to be had, not ${limit}`)
  return flights.slice(0, limit)
}

export const topicOf = ({ origin, destination }) => `flights/${origin}/${destination}`

/** Splits the origins among so many publishers, the busiest first, each to whoever has the fewest flights so far. */
export function splitOrigins (flights, publishers) {
  const shares = Array.from({ length: publishers }, () => ({ flights: 0, origins: [] }))
  for (const [origin, count] of countBy(flights, flight => flight.origin)) {
    const share = shares.reduce((least, other) => other.flights < least.flights ? other : least)
    share.flights += count
    share.origins.push(origin)
  }
  return shares.map(share => share.origins)
}

function countBy (items, nameOf) {
  const counts = new Map()
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

/** Flights and minutes of delay by origin. */
export class Totals {
  constructor () { this.byOrigin = {} }

  add ({ origin, delay }) {
    const total = this.byOrigin[origin] ??= { flights: 0, delay: 0 }
    total.flights++
    total.delay += delay
  }
}

/** The truth: straight from the file, for what a subscriber with these filters must see. */
export function totalsOf (flights, filters) {
  const totals = new Totals()
  for (const flight of flights) {
    if (filters.some(filter => matches(filter, topicOf(flight)))) totals.add(flight)
  }
  return totals.byOrigin
}

export const countOf = byOrigin => Object.values(byOrigin).reduce((sum, { flights }) => sum + flights, 0)
