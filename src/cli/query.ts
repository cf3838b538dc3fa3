/** One question to the node of a directory. */
import type { ControlClient } from '../daemon/control-client.js'
import { hasNode } from '../daemon/data-dir.js'
import { resolveSettings } from '../daemon/settings.js'
import type { Context, Invocation } from './command.js'
import { Session } from './session.js'

export interface QueryOptions {
  /** Without a node that runs, be one for the moment it takes: what is asked lies in the store. */
  readonly offline: boolean
}

export async function query<T> (invocation: Invocation, context: Context, options: QueryOptions, ask: (client: ControlClient) => Promise<T>): Promise<T> {
  const resolved = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'command' })
  const { data } = resolved.values
  // What is in a store is told without talking to anybody; where no node ever was, none is made by asking.
  const local = { ...resolved, values: { ...resolved.values, mesh: undefined, listen: [], bootstrap: [], mdns: false, relay: false } }
  const session = await Session.open({ resolved: local, context, mayBeNode: options.offline && hasNode(data), quiet: false })
  try {
    return await ask(session.current)
  } finally {
    await session.close()
  }
}
