/** `skein subscription ls`: the durable subscriptions. */
import type { SubscriptionInfo } from '../../node/api.js'
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { runList } from '../list.js'
import type { Column } from '../table.js'

export const SUBSCRIPTION_COLUMNS: ReadonlyArray<Column<SubscriptionInfo>> = [
  { title: 'SUBSCRIPTION', cell: ({ name }) => name },
  { title: 'FILTERS', cell: ({ filters }) => filters.join(' ') },
  { title: 'CONSUMERS', cell: ({ consumers }) => consumers },
  { title: 'LAG', cell: ({ lag }) => lag },
  { title: 'IN FLIGHT', cell: ({ inFlight }) => inFlight },
  { title: 'ACKED', cell: ({ acked }) => acked },
  { title: 'AGAIN', cell: ({ redelivered }) => redelivered },
  { title: 'DEAD', cell: ({ deadLetters }) => deadLetters },
  { title: 'GAPS', cell: ({ gaps }) => gaps }
]

export const command: Command = {
  name: 'subscription ls',
  summary: 'List the durable subscriptions and how far they are.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein subscription ls', 'Who lags behind.']],
  run: async (invocation, context) => runList(invocation, context, {
    offline: true,
    columns: SUBSCRIPTION_COLUMNS,
    empty: 'no durable subscriptions',
    ask: async (client) => (await client.call<{ subscriptions: SubscriptionInfo[] }>('subscriptions')).subscriptions
  })
}
