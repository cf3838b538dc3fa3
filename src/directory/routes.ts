/**
 * Which neighbour leads to a publisher: the one that first brought its newest word, an announcement or, in one channel, a batch.
 * Everyone passes a word on only after taking it, so that the neighbour that brought it had it earlier. Only what is newer than
 * anything heard before sets a route: so the words along a chain of routes never get older, and the chain has no circles.
 * A route that is lost comes back with the next word, and not before.
 */
export interface Route {
  /** The publisher's wall clock in its newest word, ms. */
  readonly wordMs: number
  /** Undefined: the one there was is gone. */
  readonly neighbour: string | undefined
}

/** Publishers, and channels of publishers, to which the way is known. */
export const ROUTES_MAX = 16_384

export class Routes {
  readonly #routes = new Map<string, Route>()

  /** This neighbour brought a word that was news. Of a batch: in which channel. Returns whether the route is set by it. */
  heard (publisher: string, wordMs: number, neighbour: string | undefined, channel?: string): boolean {
    const key = channel === undefined ? publisher : `${publisher} ${channel}`
    const known = this.#routes.get(key)
    if (wordMs <= (known?.wordMs ?? 0) || (channel !== undefined && wordMs <= (this.#routes.get(publisher)?.wordMs ?? 0))) return false
    // Those not heard of for longest go first.
    this.#routes.delete(key)
    if (this.#routes.size >= ROUTES_MAX) this.#routes.delete(this.#routes.keys().next().value as string)
    this.#routes.set(key, { wordMs, neighbour })
    return true
  }

  /** The way to the publisher, for what concerns this channel. */
  to (publisher: string, channel: string): Route | undefined { return this.#routes.get(this.#newest(publisher, channel)) }

  #newest (publisher: string, channel: string): string {
    const batch = `${publisher} ${channel}`
    return (this.#routes.get(batch)?.wordMs ?? -1) >= (this.#routes.get(publisher)?.wordMs ?? 0) ? batch : publisher
  }

  /** The route turned out to lead nowhere. */
  lose (publisher: string, channel: string): void {
    const key = this.#newest(publisher, channel)
    const route = this.#routes.get(key)
    if (route !== undefined) this.#routes.set(key, { wordMs: route.wordMs, neighbour: undefined })
  }

  /** The neighbour is gone, and what it led to. */
  down (neighbour: string): void {
    for (const [key, { wordMs, neighbour: each }] of this.#routes) if (each === neighbour) this.#routes.set(key, { wordMs, neighbour: undefined })
  }
}
