/** `skein status`: the node of a directory at a glance. */
import type { NodeStatus } from '../../node/api.js'
import { formatBytes, formatDuration } from '../../daemon/duration.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { printable } from '../output.js'
import { query } from '../query.js'
import { writeTable } from '../table.js'
import { SUBSCRIPTION_COLUMNS } from './subscription-ls.js'

export const command: Command = {
  name: 'status',
  summary: 'Show what the node on a directory is doing.',
  text: 'Needs a node that runs: a daemon, or a command that is one.',
  flags: [JSON_FLAG, ...PLACE_FLAGS, HELP_FLAG],
  examples: [
    ['skein status', 'At a glance.'],
    ['skein status --json | jq .outbox', 'For scripts.']
  ],
  run: status
}

async function status (invocation: Invocation, context: Context): Promise<number> {
  const answer = await query(invocation, context, { offline: false }, async (client) => client.call<NodeStatus>('status'))
  const { out } = context
  if (switchFlag(invocation, 'json')) {
    await out.json(answer)
    return 0
  }
  const { outbox, inbox, store } = answer
  const rows: Array<[string, string]> = [
    ['peer id', answer.peerId],
    ['mesh', answer.mesh],
    ['version', answer.version],
    ['data', answer.dataDir ?? 'in memory'],
    ['up', formatDuration(answer.uptimeMs)],
    ['incarnation', answer.incarnation || 'none yet'],
    ['relay', answer.relay ? 'yes' : 'no'],
    ...answer.addresses.map((address, i): [string, string] => [i === 0 ? 'addresses' : '', address]),
    ['peers', String(answer.peers.length)],
    ['outbox', `${records(outbox.records)}, ${formatBytes(outbox.bytes)} in ${outbox.channels} channels, ${outbox.waiting} waiting`],
    ['inbox', `${records(inbox.records)}, ${formatBytes(inbox.bytes)} in ${inbox.logs} logs, ${inbox.missing} missing`],
    ['gaps', String(answer.gaps)],
    ['dead letters', String(answer.deadLetters)],
    ['quarantine', `${answer.quarantined} publisher${answer.quarantined === 1 ? '' : 's'}`],
    ['identity', IDENTITY[answer.identity]],
    ['store', `${formatBytes(store.usedBytes)} used of ${formatBytes(store.fileBytes)}`]
  ]
  await out.write(rows.map(([name, value]) => `${name.padEnd(13)} ${printable(value)}\n`).join(''))
  if (answer.subscriptions.length > 0) {
    await out.line('')
    await writeTable(out, SUBSCRIPTION_COLUMNS, answer.subscriptions)
  }
  return 0
}

const IDENTITY: Readonly<Record<NodeStatus['identity'], string>> = {
  sound: 'sound',
  forked: 'FORKED: this key has signed two histories; others take nothing more from it',
  shared: 'SHARED: another machine works with this key'
}

const records = (count: number): string => `${count.toLocaleString('en')} record${count === 1 ? '' : 's'}`
