/**
 * A node that runs for itself: it takes the data directory, says how to reach it, serves commands on its control socket,
 * tells what passes, and stops when it is told to.
 */
import { isSkeinError } from '../base/errors.js'
import type { MeshNode, NodeOptions } from '../node/api.js'
import { banner } from './banner.js'
import { ControlServer } from './control-server.js'
import { openAsDaemon, type OpenNode } from './hold-directory.js'
import { ANY_PORT, lastListen, rememberListen } from './last-port.js'
import { startLiveLine } from './live-line.js'
import { openLog, type DaemonLog } from './log.js'
import { forwardEvents } from './node-events.js'
import { nodeOptions } from './node-options.js'
import { Screen, type DaemonOutput } from './screen.js'
import { unknownVariables, type ResolvedSettings } from './settings.js'
import { onStop, type StopReason } from './stop.js'

export interface DaemonOptions {
  readonly resolved: ResolvedSettings
  /** Reads the settings again, for SIGHUP. */
  readonly reload: () => Promise<ResolvedSettings>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly json: boolean
  readonly out: DaemonOutput
  /** stderr is a terminal, and a person reads it. */
  readonly personReadsErrors: boolean
  readonly version: string
  readonly program: string
  readonly isDefaultDir: boolean
  readonly open: OpenNode
  /** Tells of an error as commands do. */
  readonly describe: (error: unknown) => void
}

const DRAIN_MS = 5_000
/** Whatever hangs, a daemon that was told to stop ends. */
const STOP_MS = 30_000

/** The exit status. */
export async function runDaemon (options: DaemonOptions): Promise<number> {
  const { resolved, json, out, env } = options
  const screen = new Screen(out, (lines) => json ? JSON.stringify({ event: 'left-out', lines }) : `(${lines} lines left out: nobody read them)`)
  const forPerson = options.personReadsErrors && !json
  const log = await openLog(resolved.values.logLevel, forPerson ? { write: (line) => screen.line(line) } : undefined)
  const onTerminal = out.isTerminal
  const stop = onStop({ reload: async () => reloadLevel(options, log), describe: options.describe, terminalGone: () => onTerminal && !out.isTerminal })
  for (const { name, hint } of unknownVariables(env)) log.warn({ hint }, `unknown environment variable ${name}`)
  const node = await start(options, log, stop.signal).catch((error: unknown) => {
    if (stop.signal.aborted && isSkeinError(error, 'ERR_ABORTED')) return undefined
    throw error
  })
  if (node === undefined) return 0
  const event = (name: string, fields: object): void => { if (json) screen.line(JSON.stringify({ event: name, ...fields })) }
  try {
    node.on('node:failed', (error) => stop.now({ kind: 'failed', error }))
    forwardEvents(node, {
      event,
      // A person who reads the log has read the notice there.
      say: (name, line) => { if (!json && !(forPerson && name === 'peer:notice')) screen.line(line) }
    })
    const server = new ControlServer({ node, role: 'daemon', version: options.version, onYield: () => {}, onShutdown: () => stop.now({ kind: 'asked' }) })
    await server.listen(resolved.values.data)
    const live = announce(options, node, screen)
    const reason = await stop.reason
    live?.stop()
    event('stopping', { reason: reason.kind, ...(reason.kind === 'signal' ? { signal: reason.signal } : {}) })
    if (!json) screen.line(sayWhy(reason))
    const ended = await within(STOP_MS, async () => {
      await server.close(reason.kind === 'failed' ? 'failed' : 'stopped')
      if (reason.kind === 'signal' || reason.kind === 'asked') await node.drain({ timeoutMs: DRAIN_MS })
    })
    if (!ended) log.error({}, 'the node did not drain in time')
    if (reason.kind === 'failed' || reason.kind === 'fault') options.describe(reason.error)
  } finally {
    await within(STOP_MS, async () => node.close())
  }
  const reason = await stop.reason
  event('stopped', {})
  await out.write('')
  if (reason.kind !== 'failed' && reason.kind !== 'fault') return 0
  return isSkeinError(reason.error) ? reason.error.exitStatus : 1
}

async function start (options: DaemonOptions, log: DaemonLog, signal: AbortSignal): Promise<MeshNode> {
  const { resolved, open } = options
  const { data } = resolved.values
  const base = await nodeOptions(resolved, 'daemon', log)
  const listen = resolved.values.listen ?? [lastListen(data)]
  return await openAsDaemon(data, async () => openOnSomePort(open, { ...base, listen }, resolved.values.listen === undefined), {
    signal,
    waiting: (why) => log.warn({}, why)
  })
}

/** The port of last time may be somebody else's by now. One that was asked for is not exchanged for another. */
async function openOnSomePort (open: OpenNode, options: NodeOptions, anyWillDo: boolean): Promise<MeshNode> {
  try {
    return await open(options)
  } catch (error) {
    if (!anyWillDo || !isSkeinError(error, 'ERR_PORT_IN_USE')) throw error
    return await open({ ...options, listen: [ANY_PORT] })
  }
}

function announce (options: DaemonOptions, node: MeshNode, screen: Screen): { stop (): void } | undefined {
  const { resolved, json, version, program, isDefaultDir } = options
  const { data } = resolved.values
  const { peerId, mesh } = node
  const addresses = node.addresses()
  if (resolved.values.listen === undefined) rememberListen(data, addresses)
  if (json) {
    screen.line(JSON.stringify({ event: 'ready', peerId, addresses, dataDir: data, mesh }))
    return undefined
  }
  screen.line(banner({ version, peerId, mesh, dataDir: data, addresses, program, isDefaultDir }))
  return startLiveLine(node, screen)
}

async function reloadLevel ({ reload }: DaemonOptions, log: DaemonLog): Promise<void> {
  try {
    const { values: { logLevel } } = await reload()
    log.level = logLevel
    log.info({ logLevel }, 'read the configuration again: the log level is in force, the rest at the next start')
  } catch (error) {
    log.error({ error }, 'the configuration cannot be read; everything stays as it was')
  }
}

function sayWhy (reason: StopReason): string {
  switch (reason.kind) {
    case 'signal': return `${reason.signal}: draining; once more ends it at once`
    case 'asked': return 'told to stop: draining'
    case 'failed': case 'fault': return 'stopping after a fault'
  }
}

/** False if it took longer. A fault on the way is as good as an end. */
async function within (ms: number, run: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), ms) })
  const done = run().then(() => true, () => true)
  const result = await Promise.race([done, late])
  clearTimeout(timer)
  return result
}
