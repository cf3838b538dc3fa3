/** `skein id show`: who the node of a directory is. */
import { SkeinError } from '../../base/errors.js'
import { ControlClient } from '../../daemon/control-client.js'
import { hasNode, keyPath } from '../../daemon/data-dir.js'
import { resolveSettings } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'

export const command: Command = {
  name: 'id show',
  summary: 'Show the peer id of the node, and its addresses while it runs.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [
    ['skein id show', 'The peer id.'],
    ['skein id show --json | jq -r .addresses[0]', 'What others pass to --bootstrap.']
  ],
  run: show
}

interface Identity {
  readonly peerId: string
  readonly mesh?: string
  readonly dataDir: string
  readonly addresses: readonly string[]
}

async function show (invocation: Invocation, context: Context): Promise<number> {
  const { values: { data } } = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'command' })
  const identity = await askOrRead(data)
  const { out } = context
  if (switchFlag(invocation, 'json')) {
    await out.json(identity)
  } else {
    await out.write([identity.peerId, ...identity.addresses].map((line) => `${line}\n`).join(''))
  }
  return 0
}

async function askOrRead (dataDir: string): Promise<Identity> {
  const client = await ControlClient.connect(dataDir)
  if (client !== undefined) {
    try {
      return await client.call<Identity>('id')
    } finally {
      client.close()
    }
  }
  if (!hasNode(dataDir)) throw new SkeinError('ERR_UNREACHABLE', `no node has ever run on ${dataDir}`, { hint: `Start one: skein daemon --data ${dataDir}` })
  const { loadOrCreateIdentity } = await import('../../security/identity.js')
  const { peerId } = await loadOrCreateIdentity(keyPath(dataDir))
  return { peerId, dataDir, addresses: [] }
}
