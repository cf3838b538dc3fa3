/** The control socket: listens in the data directory, for its owner alone, for as long as the node runs. */
import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { SkeinError } from '../base/errors.js'
import { ControlConnection, type ControlHost } from './control-connection.js'
import { prepareSocketPlace, type SocketPlace } from './control-path.js'
import { CONNECTIONS_MAX, toWireError, type ByeReason } from './control-protocol.js'

export type { ControlHost } from './control-connection.js'

export class ControlServer {
  private readonly connections = new Set<ControlConnection>()
  private readonly server: Server
  private place: SocketPlace | undefined
  private closing: Promise<void> | undefined

  constructor (private readonly host: ControlHost) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.attach(socket))
  }

  get path (): string | undefined { return this.place?.path }

  /** Listens on the socket of `dataDir`, whose lock the caller must hold. */
  async listen (dataDir: string): Promise<void> {
    const place = prepareSocketPlace(dataDir)
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error) => {
        reject(new SkeinError('ERR_DATA_DIR_UNUSABLE', `cannot listen on the control socket ${place.path}: ${(error as NodeJS.ErrnoException).code ?? error.message}`, { cause: error }))
      })
      privately(() => this.server.listen(place.path, resolve))
    })
    this.server.on('error', () => {})
    if (process.platform !== 'win32') chmodSync(place.path, 0o600)
    this.place = place
  }

  /** Serves a stream as if it had connected. */
  attach (stream: Duplex): void {
    if (this.closing !== undefined || this.connections.size >= CONNECTIONS_MAX) {
      const error = new SkeinError('ERR_LIMIT', this.closing === undefined ? 'too many commands talk to this node' : 'the node is closing')
      stream.on('error', () => {})
      stream.end(`${JSON.stringify({ event: 'refused', error: toWireError(error) })}\n`)
      return
    }
    this.connections.add(new ControlConnection(stream, this.host, (connection) => this.connections.delete(connection)))
  }

  /** Lets clients finish what is under way, says `bye`, and takes the socket away. Call it before the node closes: the lock must still be held. */
  async close (reason: ByeReason): Promise<void> {
    this.closing ??= this.shut(reason)
    await this.closing
  }

  private async shut (reason: ByeReason): Promise<void> {
    // Closing takes the socket file away at once; connections stay.
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()) })
    await Promise.allSettled(Array.from(this.connections, async (connection) => connection.close(reason)))
    if (this.place !== undefined) await closed
    this.place?.release()
  }
}

/** Runs `listen` so that the socket is nobody else's from its first moment on. */
function privately (listen: () => void): void {
  let umask: number | undefined
  try {
    umask = process.umask(0o177)
  } catch {
    // A worker thread cannot set it; the data directory is private as well.
  }
  try {
    listen()
  } finally {
    if (umask !== undefined) process.umask(umask)
  }
}
