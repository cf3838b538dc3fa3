/** `skein quarantine lift`: takes a publisher's later lives in again. */
import { switchFlag, type Command } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS, QUIET_FLAG } from '../flags.js'
import { query } from '../query.js'

export const command: Command = {
  name: 'quarantine lift',
  summary: 'Take in again what a publisher in quarantine publishes from its next start on.',
  text: 'What it published up to the forked incarnation stays out.',
  args: [{ name: 'PEER' }],
  flags: [JSON_FLAG, QUIET_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [['skein quarantine lift 12D3KooW…', 'After one of the two machines with this key was stopped.']],
  run: async (invocation, context) => {
    const [peerId = ''] = invocation.args
    await query(invocation, context, { offline: true }, async (client) => client.call('quarantine.lift', { peerId }))
    if (switchFlag(invocation, 'json')) await context.out.json({ lifted: peerId })
    else if (!switchFlag(invocation, 'quiet')) context.note(`${peerId} is out of quarantine`)
    return 0
  }
}
