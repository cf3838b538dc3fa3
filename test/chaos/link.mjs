/**
 * One link: a TCP proxy between the node that dials and the node that is dialled. It can hold back what goes one way or both
 * while the connections stay up, make it take longer, and reset it. It never alters bytes, and never lets bytes overtake.
 */
import { connect, createServer } from 'node:net'
import { once } from 'node:events'

/** Bytes under way in one direction; above it the side that sends is not read from. */
const UNDER_WAY_MAX = 256 * 1024

export class Link {
  #server = createServer()
  #pairs = new Set()
  /** By direction: 'out' is what the dialler sends. */
  #held = { out: 0, in: 0 }
  #delay = { ms: 0, jitterMs: 0 }

  constructor (random, target) {
    this.random = random
    /** Where the dialled node listens: `{ host, port }`, or undefined while that is not known. */
    this.target = target
  }

  async listen (host) {
    this.#server.listen(0, host)
    await once(this.#server, 'listening')
    this.#server.on('connection', (near) => { this.#join(near) })
    return this.#server.address().port
  }

  /** Holds back one direction, or with 'both' both. Held twice it must be let go twice. */
  hold (direction) { this.#change(direction, 1) }
  letGo (direction) { this.#change(direction, -1) }

  #change (direction, by) {
    for (const one of direction === 'both' ? ['out', 'in'] : [direction]) this.#held[one] = Math.max(0, this.#held[one] + by)
    for (const pair of this.#pairs) for (const pipe of pair.pipes) pipe.run()
  }

  slow (ms, jitterMs) { this.#delay = { ms, jitterMs } }

  reset () {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }

  close () {
    this.reset()
    this.#server.close()
  }

  #join (near) {
    if (this.target === undefined) { near.destroy(); return }
    const far = connect(this.target.port, this.target.host)
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
    }
    const pair = { near, far, pipes: [this.#pipe(near, far, 'out'), this.#pipe(far, near, 'in')] }
    this.#pairs.add(pair)
    for (const [socket, other] of [[near, far], [far, near]]) {
      socket.on('close', () => {
        this.#pairs.delete(pair)
        other.destroy()
      })
    }
  }

  #pipe (from, to, direction) {
    const waiting = []
    let bytes = 0
    let timer
    let lastMs = 0
    const run = () => {
      clearTimeout(timer)
      while (waiting.length > 0 && this.#held[direction] === 0) {
        const early = waiting[0].dueMs - Date.now()
        if (early > 0) {
          timer = setTimeout(run, early)
          return
        }
        const { chunk } = waiting.shift()
        if (chunk === undefined) { to.end(); continue }
        bytes -= chunk.length
        to.write(chunk)
        if (bytes < UNDER_WAY_MAX) from.resume()
      }
    }
    const push = (chunk) => {
      const { ms, jitterMs } = this.#delay
      lastMs = Math.max(lastMs, Date.now() + ms + this.random.float() * jitterMs)
      waiting.push({ chunk, dueMs: lastMs })
      run()
    }
    from.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes >= UNDER_WAY_MAX) from.pause()
      push(chunk)
    })
    from.on('end', () => { push(undefined) })
    from.on('close', () => { clearTimeout(timer) })
    return { run }
  }
}
