/** `skein outbox ls`. */
import type { LogInfo } from '../../node/api.js'
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { runList } from '../list.js'
import { LOG_COLUMNS } from '../log-columns.js'

export const command: Command = {
  name: 'outbox ls',
  summary: 'List the logs that this node publishes.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein outbox ls', 'What is published, and how much is kept.']],
  run: async (invocation, context) => runList(invocation, context, {
    offline: true,
    columns: LOG_COLUMNS,
    empty: 'the outbox is empty',
    ask: async (client) => (await client.call<{ logs: LogInfo[] }>('outbox')).logs
  })
}
