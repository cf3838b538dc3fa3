/** `skein subscription rm`: forgets a durable subscription. */
import type { Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS, QUIET_FLAG } from '../flags.js'
import { query } from '../query.js'
import { switchFlag } from '../command.js'

export const command: Command = {
  name: 'subscription rm',
  summary: 'Forget a durable subscription, its place and its dead letters.',
  args: [{ name: 'NAME' }],
  flags: [JSON_FLAG, QUIET_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein subscription rm billing', 'Nothing is kept for it any more.']],
  run: async (invocation, context) => {
    const [name = ''] = invocation.args
    await query(invocation, context, { offline: true }, async (client) => client.call('subscription.rm', { name }))
    if (switchFlag(invocation, 'json')) await context.out.json({ removed: name })
    else if (!switchFlag(invocation, 'quiet')) context.note(`subscription ${name} removed`)
    return 0
  }
}
