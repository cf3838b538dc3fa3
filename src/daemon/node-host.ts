/**
 * A command that is the node itself for as long as it runs. It serves the control socket as a daemon would, to other
 * commands and to itself, so that there is one way in; and it makes room when a daemon asks.
 */
import { duplexPair } from 'node:stream'
import { SkeinError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { MeshNode } from '../node/api.js'
import { ControlClient } from './control-client.js'
import type { ByeReason } from './control-protocol.js'
import { ControlServer } from './control-server.js'

export class NodeHost {
  private retirement: Promise<void> | undefined
  private failed: Error | undefined

  private constructor (readonly node: MeshNode, readonly client: ControlClient, private readonly server: ControlServer) {}

  static async start (node: MeshNode, dataDir: string, version: string, logger: Logger): Promise<NodeHost> {
    const retire = (reason: ByeReason): void => { host?.retire(reason).catch(() => {}) }
    const server = new ControlServer({ node, role: 'command', version, onYield: () => retire('yield'), onShutdown: () => retire('stopped') })
    let host: NodeHost | undefined
    try {
      await server.listen(dataDir)
    } catch (error) {
      // This command works without it; others wait until it is done.
      logger.warn({ error: (error as Error).message }, 'no control socket')
    }
    const [near, far] = duplexPair()
    server.attach(far)
    const client = await ControlClient.over(near)
    if (client === undefined) throw new SkeinError('ERR_INTERNAL', 'the node does not answer its own command')
    host = new NodeHost(node, client, server)
    const { node: own } = host
    own.on('node:failed', (error) => {
      host.failed = error
      retire('failed')
    })
    return host
  }

  /** Why the node stopped by itself. */
  get failure (): Error | undefined { return this.failed }

  /** Says `bye` to every client, this command included, and lets go of the directory. */
  async retire (reason: ByeReason): Promise<void> {
    this.retirement ??= this.stop(reason)
    await this.retirement
  }

  private async stop (reason: ByeReason): Promise<void> {
    await this.server.close(reason)
    await this.node.close()
  }
}
