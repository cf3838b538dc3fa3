/** Turns settings into what `createNode` takes, with addresses checked and errors that name where the value came from. */
import { SkeinError } from '../base/errors.js'
import { MESSAGE_BYTES_HARD_MAX, NAME_BYTES_MAX } from '../base/limits.js'
import type { Logger } from '../base/logger.js'
import type { NodeOptions } from '../node/api.js'
import { isMeshId } from '../node/options.js'
import { formatBytes, formatDuration } from './duration.js'
import type { Origin, ResolvedSettings } from './settings.js'

/** What a node asks for. */
const LAPSE_AFTER_MS_MIN = 60_000
const LAPSE_AFTER_MS_MAX = 10_000_000_000_000
const PUBLISH_WAIT_MS_MAX = 86_400_000

export async function nodeOptions (resolved: ResolvedSettings, role: 'daemon' | 'command', logger: Logger): Promise<NodeOptions> {
  await checkSettings(resolved)
  const { data, mesh, listen, bootstrap, relay, mdns, messageBytesMax, publishWait, retention, custody, lapseAfter, history, acceptLoss } = resolved.values
  return {
    dataDir: data,
    bootstrap,
    relay,
    mdns,
    acceptLoss,
    logger,
    role,
    ...(mesh === undefined ? {} : { mesh }),
    ...(listen === undefined ? {} : { listen }),
    ...(messageBytesMax === undefined ? {} : { messageBytesMax }),
    ...(publishWait === undefined ? {} : { publishWaitMs: publishWait }),
    ...(retention === undefined ? {} : { retention }),
    ...(custody === undefined ? {} : { custody }),
    ...(lapseAfter === undefined ? {} : { lapseAfterMs: lapseAfter }),
    ...(history === undefined ? {} : { history })
  }
}

/** What can be told wrong without starting anything. `config check` stops here. */
export async function checkSettings ({ values, origins }: ResolvedSettings): Promise<void> {
  const { mesh, listen = [], bootstrap, messageBytesMax, publishWait = 0, lapseAfter = 0 } = values
  if (mesh !== undefined && !isMeshId(mesh)) throw bad(origins.mesh, `${JSON.stringify(mesh.slice(0, NAME_BYTES_MAX))} is not a mesh id`, `1 to ${NAME_BYTES_MAX} bytes, with no blanks and nothing that cannot be seen.`)
  if (lapseAfter !== 0 && lapseAfter < LAPSE_AFTER_MS_MIN) throw bad(origins.lapseAfter, `subscriptions cannot lapse after ${formatDuration(lapseAfter)}`, 'At least 1m, or 0s for never.')
  if (lapseAfter > LAPSE_AFTER_MS_MAX) throw bad(origins.lapseAfter, `subscriptions cannot lapse after ${formatDuration(lapseAfter)}`, 'At most 115740d, or 0s for never.')
  if (publishWait > PUBLISH_WAIT_MS_MAX) throw bad(origins.publishWait, `a publish cannot wait ${formatDuration(publishWait)}`, 'At most 1d.')
  if (messageBytesMax === 0) throw bad(origins.messageBytesMax, 'messages cannot be limited to 0 bytes', 'At least 1.')
  if (messageBytesMax !== undefined && messageBytesMax > MESSAGE_BYTES_HARD_MAX) {
    throw bad(origins.messageBytesMax, `${formatBytes(messageBytesMax)} a message is over the hard limit`, `At most ${formatBytes(MESSAGE_BYTES_HARD_MAX)}.`)
  }
  if (listen.length === 0 && bootstrap.length === 0) return
  const { parseAddress } = await import('../network/addresses.js')
  const parse = (address: string, purpose: 'listen' | 'dial', origin: Origin, hint: string): void => {
    try {
      parseAddress(address, purpose)
    } catch (error) {
      throw badAddress(origin, (error as Error).message, hint, error)
    }
  }
  for (const address of listen) parse(address, 'listen', origins.listen, 'Write it like /ip4/0.0.0.0/tcp/4001.')
  for (const address of bootstrap) {
    const hint = 'Write it like /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…; `skein id show` there tells the peer id.'
    parse(address, 'dial', origins.bootstrap, hint)
    if (!/\/p2p\/[1-9A-HJ-NP-Za-km-z]{40,64}$/.test(address)) throw badAddress(origins.bootstrap, `'${address}' does not end in /p2p/PEERID`, hint)
  }
}

function badAddress (origin: Origin, message: string, hint: string, cause?: unknown): SkeinError {
  return origin.from === 'flag'
    ? new SkeinError('ERR_BAD_ADDRESS', `${origin.name}: ${message}`, { hint, cause })
    : new SkeinError('ERR_BAD_CONFIG', `${origin.name}: ${message}`, { hint, cause })
}

function bad (origin: Origin, message: string, hint: string): SkeinError {
  return new SkeinError(origin.from === 'flag' ? 'ERR_USAGE' : 'ERR_BAD_CONFIG', `${origin.name}: ${message}`, { hint })
}
