/** `skein status`: the node of a directory at a glance. */
import type { ClaimInfo, GapReport, NodeStatus } from '../../node/api.js'
import { formatBytes, formatDuration } from '../../daemon/duration.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { printable } from '../output.js'
import { query } from '../query.js'
import { formatTime, writeTable, type Column } from '../table.js'
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
    ['outbox', `${plural(outbox.records, 'record')}, ${formatBytes(outbox.bytes)} in ${plural(outbox.channels, 'channel')}, ${outbox.waiting} waiting`],
    ['inbox', `${plural(inbox.records, 'record')}, ${formatBytes(inbox.bytes)} in ${plural(inbox.logs, 'log')}, ${inbox.missing} missing`],
    ['custody', custodyLine(answer)],
    ['gaps', gapsLine(answer)],
    ['dead letters', String(answer.deadLetters)],
    ['quarantine', plural(answer.quarantined, 'publisher')],
    ['identity', IDENTITY[answer.identity]],
    ['store', `${formatBytes(store.usedBytes)} used of ${formatBytes(store.fileBytes)}`]
  ]
  await out.write(rows.map(([name, value]) => `${name.padEnd(13)} ${printable(value)}\n`).join(''))
  if (answer.subscriptions.length > 0) {
    await out.line('')
    await writeTable(out, SUBSCRIPTION_COLUMNS, answer.subscriptions)
  }
  const claims = answer.claims.filter(({ unsettled, state }) => unsettled > 0 || state !== 'heard').slice(0, CLAIMS_SHOWN)
  if (claims.length > 0) {
    await out.line('')
    await writeTable(out, CLAIM_COLUMNS, claims)
  }
  if (answer.recentGaps.length > 0) {
    await out.line('')
    await writeTable(out, GAP_COLUMNS, answer.recentGaps.slice(0, GAPS_SHOWN))
  }
  return 0
}

const IDENTITY: Readonly<Record<NodeStatus['identity'], string>> = {
  sound: 'sound',
  forked: 'FORKED: this key has signed two histories; others take nothing more from it',
  shared: 'SHARED: another machine works with this key'
}

/** So many of each are shown; `--json` has more. */
const CLAIMS_SHOWN = 10
const GAPS_SHOWN = 10

const CLAIM_COLUMNS: ReadonlyArray<Column<ClaimInfo>> = [
  { title: 'OWED TO', cell: ({ name }) => name },
  { title: 'CHANNEL', cell: ({ channel }) => channel },
  { title: 'UNSETTLED', cell: ({ unsettled }) => unsettled },
  { title: 'LAST HEARD', cell: ({ unheardMs, state }) => `${state === 'heard' && unheardMs < 120_000 ? 'now' : `${formatDuration(unheardMs)} ago`}${state === 'heard' ? '' : state === 'warned' ? ', lapses soon' : ', lapsed'}` },
  { title: 'PEER', cell: ({ peerId }) => peerId }
]

const GAP_COLUMNS: ReadonlyArray<Column<GapReport>> = [
  { title: 'GAP', cell: ({ time }) => formatTime(time) },
  { title: 'SUBSCRIPTION', cell: ({ subscription }) => subscription },
  { title: 'CHANNEL', cell: ({ channel }) => channel },
  { title: 'POSITIONS', cell: ({ from, to }) => from === to ? `${from}` : `${from}–${to}` },
  { title: 'REASON', cell: ({ reason }) => reason },
  { title: 'PUBLISHER', cell: ({ publisher }) => publisher }
]

function gapsLine ({ gaps, gapsByReason }: NodeStatus): string {
  const reasons = Object.entries(gapsByReason).filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`)
  return reasons.length === 0 ? String(gaps) : `${gaps}: ${reasons.join(', ')}`
}

function custodyLine ({ custody: { bytes, bytesMax, refused } }: NodeStatus): string {
  return `${formatBytes(bytes)} of ${formatBytes(bytesMax)}${refused === 0 ? '' : `, refuses ${plural(refused, 'publisher')}`}`
}

const plural = (count: number, what: string): string => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
