/** `skein peer ls`: the neighbours. */
import type { PeerInfo } from '../../node/api.js'
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { runList } from '../list.js'
import type { Column } from '../table.js'

const COLUMNS: ReadonlyArray<Column<PeerInfo>> = [
  { title: 'PEER', cell: ({ peerId }) => peerId },
  { title: 'DIRECTION', cell: ({ direction }) => direction },
  { title: 'RELAY', cell: ({ relay }) => relay ? 'yes' : 'no' },
  { title: 'CLOCK', cell: ({ clockOffsetMs }) => `${clockOffsetMs >= 0 ? '+' : ''}${Math.round(clockOffsetMs)}ms` },
  { title: 'CHANNELS', cell: ({ channels }) => channels.length },
  { title: 'AGENT', cell: ({ agent }) => agent },
  { title: 'ADDRESS', cell: ({ address }) => address }
]

export const command: Command = {
  name: 'peer ls',
  summary: 'List the nodes that this one is connected to.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein peer ls', 'Who is there.']],
  run: async (invocation, context) => runList(invocation, context, {
    offline: false,
    columns: COLUMNS,
    empty: 'no peers',
    ask: async (client) => (await client.call<{ peers: PeerInfo[] }>('peers')).peers
  })
}
