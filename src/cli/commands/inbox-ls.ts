/** `skein inbox ls`. */
import type { LogInfo } from '../../node/api.js'
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { runList } from '../list.js'
import { LOG_COLUMNS } from '../log-columns.js'

export const command: Command = {
  name: 'inbox ls',
  summary: 'List the logs that this node holds of others.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein inbox ls', 'What has come in, and what is missing.']],
  run: async (invocation, context) => runList(invocation, context, {
    offline: true,
    columns: LOG_COLUMNS,
    empty: 'the inbox is empty',
    ask: async (client) => (await client.call<{ logs: LogInfo[] }>('inbox')).logs
  })
}
