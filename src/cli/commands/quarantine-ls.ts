/** `skein quarantine ls`: publishers that signed two histories. */
import type { QuarantinedPublisher } from '../../node/api.js'
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { runList } from '../list.js'
import { formatTime, type Column } from '../table.js'

const COLUMNS: ReadonlyArray<Column<QuarantinedPublisher>> = [
  { title: 'PUBLISHER', cell: ({ publisher, own }) => own ? `${publisher} (this node)` : publisher },
  { title: 'INCARNATION', cell: ({ incarnation }) => incarnation },
  { title: 'CHANNEL', cell: ({ channel }) => channel },
  { title: 'FROM', cell: ({ position }) => position },
  { title: 'SINCE', cell: ({ foundAt }) => formatTime(foundAt) }
]

export const command: Command = {
  name: 'quarantine ls',
  summary: 'List publishers that have signed two histories of one log.',
  text: 'Nothing more is taken from them. INCARNATION, CHANNEL and FROM say which log, and where the histories part.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein quarantine ls', 'Whose key is used twice, or who lies.']],
  run: async (invocation, context) => runList(invocation, context, {
    offline: true,
    columns: COLUMNS,
    empty: 'nobody is in quarantine',
    ask: async (client) => (await client.call<{ publishers: QuarantinedPublisher[] }>('quarantine.ls')).publishers
  })
}
