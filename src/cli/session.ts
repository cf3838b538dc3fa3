/**
 * A command's way to the node of its directory: through whoever runs there, or by being the node itself. When a daemon
 * takes the directory over, or the command it was a guest of ends, the session moves and the command goes on.
 */
import { SkeinError, isSkeinError } from '../base/errors.js'
import type { MeshNode } from '../node/api.js'
import type { ControlClient, ServerGone } from '../daemon/control-client.js'
import { LOCK_WAIT_MS, joinDirectory, rejoinDirectory } from '../daemon/hold-directory.js'
import { NodeHost } from '../daemon/node-host.js'
import { nodeOptions } from '../daemon/node-options.js'
import { openNode } from '../daemon/open-node.js'
import type { ResolvedSettings } from '../daemon/settings.js'
import type { Context } from './command.js'
import { stderrLogger } from './stderr-logger.js'
import { readVersion } from './version.js'

export interface SessionOptions {
  readonly resolved: ResolvedSettings
  readonly context: Context
  /** The command can be the node itself. */
  readonly mayBeNode: boolean
  readonly quiet: boolean
  /** Called with every node that this command becomes. */
  readonly onNode?: (node: MeshNode) => void
}

export class Session {
  private host: NodeHost | undefined
  private joining: Promise<ControlClient> | undefined
  private ended = false
  private readonly ender = new AbortController()
  private readonly options: SessionOptions

  private constructor (private client: ControlClient, options: SessionOptions) {
    // Nobody waits for a way on when the command is done.
    const signal = AbortSignal.any([options.context.signal, this.ender.signal])
    this.options = { ...options, context: { ...options.context, signal } }
  }

  static async open (options: SessionOptions): Promise<Session> {
    const { host, client } = await join(options, 0)
    checkMesh(client, options)
    const session = new Session(client, options)
    session.host = host
    return session
  }

  /** A daemon is there and stays; a command's node goes when the command is done. */
  get throughDaemon (): boolean { return this.client.hello.role === 'daemon' }

  /** This command is the node. */
  get isNode (): boolean { return this.host !== undefined }

  get node (): MeshNode | undefined { return this.host?.node }

  /** The connection as it is now. */
  get current (): ControlClient { return this.client }

  /** After `gone`: the connection to go on with. Everyone who waits gets the same one, in the order they asked. */
  async moved (gone: ServerGone, from: ControlClient): Promise<ControlClient> {
    if (this.ended) throw gone
    if (this.client !== from) return this.client
    this.joining ??= this.move(gone).finally(() => { this.joining = undefined })
    return await this.joining
  }

  async close (): Promise<void> {
    this.ended = true
    this.ender.abort(new SkeinError('ERR_ABORTED', 'the command is done'))
    await this.joining?.catch(() => {})
    this.client.close()
    await this.host?.retire('finished')
  }

  private async move (gone: ServerGone): Promise<ControlClient> {
    const { context, quiet, resolved } = this.options
    const { hello: was } = this.client
    await this.host?.retire('finished')
    if (this.host?.failure !== undefined) throw this.host.failure
    this.host = undefined
    if (was.role === 'command' && gone.reason === 'stopped') throw gone
    if (was.role === 'daemon') {
      if (!quiet) context.note(`${gone.message}; waiting ${LOCK_WAIT_MS / 1_000}s for it to come back`)
      this.client = await this.rejoin(resolved.values.data, gone)
    } else {
      if (!quiet && gone.reason === 'yield') context.note('making room for a daemon that starts on this directory')
      const { host, client } = await join(this.options, gone.reason === 'yield' ? LOCK_WAIT_MS : 0)
      this.host = host
      this.client = client
    }
    if (!quiet) context.note(this.client.hello.role === 'daemon' ? 'going on through the daemon' : 'going on')
    return this.client
  }

  private async rejoin (dataDir: string, gone: ServerGone): Promise<ControlClient> {
    try {
      return await rejoinDirectory(dataDir, { signal: this.options.context.signal })
    } catch (error) {
      if (!isSkeinError(error, 'ERR_UNREACHABLE')) throw error
      throw new SkeinError('ERR_UNREACHABLE', `${gone.message} and did not come back`, { hint: 'Start the daemon again, then run this command again.', cause: gone })
    }
  }
}

async function join (options: SessionOptions, preferGuestMs: number): Promise<{ host: NodeHost | undefined, client: ControlClient }> {
  const { resolved, context, mayBeNode, quiet, onNode } = options
  const { data, logLevel } = resolved.values
  const logger = stderrLogger(quiet && logLevel === 'warn' ? 'error' : logLevel, (line) => context.note(line))
  const holding = await joinDirectory(data, {
    signal: context.signal,
    preferGuestMs,
    open: mayBeNode ? async () => openNode(await nodeOptions(resolved, 'command', logger)) : undefined,
    waiting: (why) => { if (!quiet) context.note(`${why}; waiting up to ${LOCK_WAIT_MS / 1_000}s`) }
  })
  if (holding.kind === 'guest') {
    if (!quiet) noteUnused(options)
    return { host: undefined, client: holding.client }
  }
  const host = await NodeHost.start(holding.node, data, readVersion(), logger)
  onNode?.(holding.node)
  return { host, client: host.client }
}

/** A node that runs already is in one mesh, whatever this command was told. */
function checkMesh (client: ControlClient, { resolved }: SessionOptions): void {
  const { mesh, data } = resolved.values
  if (mesh === undefined || mesh === client.hello.mesh) return
  const error = new SkeinError('ERR_MESH_DIFFERS', `the node on ${data} is in the mesh '${client.hello.mesh}', not in '${mesh}'`, {
    hint: 'Leave the mesh out, or name another data directory.'
  })
  client.close()
  throw error
}

function noteUnused ({ resolved, context }: SessionOptions): void {
  const unused = (['listen', 'bootstrap', 'relay', 'mdns', 'messageBytesMax', 'publishWait', 'history', 'acceptLoss'] as const)
    .flatMap((name) => resolved.origins[name].from === 'flag' ? [resolved.origins[name].name] : [])
  if (unused.length > 0) context.note(`a node runs on this directory already: ${unused.join(', ')} ${unused.length === 1 ? 'has' : 'have'} no effect`)
}
