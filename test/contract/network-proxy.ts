import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

/** A TCP proxy on loopback that can stop reading, one way or both, or reset what goes through it. */
export class Proxy {
  private readonly pairs = new Set<{ near: Socket, far: Socket }>()
  private stalled: 'none' | 'near' | 'both' = 'none'

  private constructor (private readonly server: Server, readonly port: number) {}

  static async to (targetPort: number): Promise<Proxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new Proxy(server, (server.address() as AddressInfo).port)
    server.on('connection', (near) => { proxy.join(near, connect(targetPort, '127.0.0.1')) })
    return proxy
  }

  get connections (): number { return this.pairs.size }

  /** 'near': what the dialler sends gets nowhere; 'both': nothing does. */
  stall (direction: 'near' | 'both' = 'both'): void {
    this.stalled = direction
    this.apply()
  }

  resume (): void {
    this.stalled = 'none'
    this.apply()
  }

  reset (): void {
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }

  async close (): Promise<void> {
    this.reset()
    this.server.close()
  }

  private join (near: Socket, far: Socket): void {
    const pair = { near, far }
    this.pairs.add(pair)
    const link = (from: Socket, to: Socket): void => {
      from.on('data', (chunk) => {
        if (to.writable && !to.write(chunk)) from.pause()
      })
      to.on('drain', () => { this.apply() })
      from.on('error', () => {})
      from.on('end', () => { to.end() })
      from.on('close', () => { this.pairs.delete(pair); to.destroy() })
    }
    link(near, far)
    link(far, near)
    this.apply()
  }

  private apply (): void {
    for (const { near, far } of this.pairs) {
      if (this.stalled !== 'none') near.pause()
      else near.resume()
      if (this.stalled === 'both') far.pause()
      else far.resume()
    }
  }
}

export const portOf = (address: string): number => Number(/\/tcp\/(\d+)/.exec(address)?.[1])
