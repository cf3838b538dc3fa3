/** A control server over a fake node in a temporary directory, and clients of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlClient } from '../../src/daemon/control-client.js'
import type { ByeReason, Role, WireDelivery } from '../../src/daemon/control-protocol.js'
import { ControlServer } from '../../src/daemon/control-server.js'
import { FakeNode } from './cli-fake-node.js'

export interface Fixture {
  readonly dir: string
  readonly node: FakeNode
  readonly server: ControlServer
  readonly yields: { count: number }
  connect (): Promise<ControlClient>
  closeServer (reason?: ByeReason): Promise<void>
  end (): Promise<void>
}

export async function fixture (role: Role = 'daemon', within?: (dir: string) => string): Promise<Fixture> {
  const root = mkdtempSync(join(tmpdir(), 'skein-test-'))
  const dir = within?.(root) ?? root
  const node = new FakeNode(dir)
  const yields = { count: 0 }
  const server = new ControlServer({ node, role, version: '0', onYield: () => { yields.count++ }, onShutdown: () => {} })
  await server.listen(dir)
  const clients: ControlClient[] = []
  return {
    dir,
    node,
    server,
    yields,
    connect: async () => {
      const client = await ControlClient.connect(dir)
      if (client === undefined) throw new Error('nobody answers')
      clients.push(client)
      return client
    },
    closeServer: async (reason = 'stopped') => server.close(reason),
    end: async () => {
      for (const client of clients) client.close()
      await server.close('stopped')
      rmSync(root, { recursive: true, force: true })
    }
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

export const textOf = ({ body }: WireDelivery): string => Buffer.from(body, 'base64').toString()

/** Resolves when `check` is true. */
export async function until (what: string, check: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!await check()) {
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`)
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
}
