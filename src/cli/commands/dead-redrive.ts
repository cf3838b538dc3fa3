/** `skein dead redrive`: delivers dead letters again. */
import type { DeadLetterSummary } from '../../daemon/control-queries.js'
import { switchFlag, textFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS, QUIET_FLAG } from '../flags.js'
import { usage } from '../parse.js'
import { query } from '../query.js'

const PAGE = 500

export const command: Command = {
  name: 'dead redrive',
  summary: 'Deliver messages again that a subscription gave up on.',
  args: [{ name: 'DEADID', optional: true, repeatable: true }],
  flags: [
    { name: 'all', value: 'SUBSCRIPTION', summary: 'Every dead letter of this subscription.' },
    JSON_FLAG,
    QUIET_FLAG,
    ...PLACE_FLAGS,
    HELP_FLAG
  ],
  examples: [
    ['skein dead redrive billing/3', 'Deliver it again, as attempt 1.'],
    ['skein dead redrive --all billing', 'After billing has been mended.']
  ],
  run: redrive
}

async function redrive (invocation: Invocation, context: Context): Promise<number> {
  const subscription = textFlag(invocation, 'all')
  if ((subscription === undefined) === (invocation.args.length === 0)) throw usage(command, 'give the DEADIDs, or --all SUBSCRIPTION')
  const json = switchFlag(invocation, 'json')
  const count = await query(invocation, context, { offline: true }, async (client) => {
    let redriven = 0
    const again = async (deadId: string): Promise<void> => {
      await client.call('dead.redrive', { deadId })
      redriven++
      if (json) await context.out.json({ redriven: deadId })
    }
    for (const deadId of invocation.args) await again(deadId)
    for (let after: string | undefined; subscription !== undefined;) {
      const { letters } = await client.call<{ letters: DeadLetterSummary[] }>('dead.ls', { subscription, limit: PAGE, ...(after === undefined ? {} : { after }) })
      await Promise.all(letters.map(async ({ deadId }) => again(deadId)))
      if (letters.length < PAGE) break
      after = letters.at(-1)?.deadId
    }
    return redriven
  })
  if (!json && !switchFlag(invocation, 'quiet')) context.note(`${count} dead letter${count === 1 ? '' : 's'} delivered again`)
  return 0
}
