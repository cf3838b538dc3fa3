/** `skein dead ls`: the dead letters. */
import type { ControlClient } from '../../daemon/control-client.js'
import type { DeadLetterSummary } from '../../daemon/control-queries.js'
import { textFlag, switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { usage } from '../parse.js'
import { query } from '../query.js'
import { formatTime, writeTable, type Column } from '../table.js'

const LIMIT = 100
const PAGE = 500

const COLUMNS: ReadonlyArray<Column<DeadLetterSummary>> = [
  { title: 'DEAD ID', cell: ({ deadId }) => deadId },
  { title: 'TOPIC', cell: ({ topic }) => topic },
  { title: 'BYTES', cell: ({ bodyBytes }) => bodyBytes },
  { title: 'ATTEMPTS', cell: ({ attempts }) => attempts },
  { title: 'BURIED', cell: ({ buriedAt }) => formatTime(buriedAt) },
  { title: 'REASON', cell: ({ reason }) => reason }
]

export const command: Command = {
  name: 'dead ls',
  summary: 'List messages that subscriptions gave up on.',
  flags: [
    { name: 'subscription', value: 'NAME', summary: 'Only those of this subscription.' },
    { name: 'limit', value: 'N', summary: `At most so many; 0 is all. Default ${LIMIT}.` },
    JSON_FLAG,
    ...PLACE_FLAGS,
    HELP_FLAG
  ],
  examples: [
    ['skein dead ls', 'What was given up, and why.'],
    ['skein dead ls --subscription billing --limit 0 --json | jq -r .deadId', 'The handles of all, for a script.']
  ],
  run: list
}

async function list (invocation: Invocation, context: Context): Promise<number> {
  const limitText = textFlag(invocation, 'limit') ?? String(LIMIT)
  if (!/^\d{1,9}$/.test(limitText)) throw usage(command, `--limit: '${limitText}' is not a whole number`)
  const limit = Number(limitText) === 0 ? Infinity : Number(limitText)
  const json = switchFlag(invocation, 'json')
  const subscription = textFlag(invocation, 'subscription')
  const { out } = context
  const { shown, more } = await query(invocation, context, { offline: true }, async (client) => {
    let written = 0
    for await (const page of pages(client, subscription, limit)) {
      if (json) await out.write(page.map((letter) => `${JSON.stringify(letter)}\n`).join(''))
      else await writeTable(out, COLUMNS, page)
      written += page.length
      if (out.closed) break
    }
    return { shown: written, more: written === limit }
  })
  if (!json && shown === 0) context.note('no dead letters')
  if (!json && more) context.note(`the first ${shown}; --limit 0 shows all`)
  return 0
}

async function * pages (client: ControlClient, subscription: string | undefined, limit: number): AsyncGenerator<DeadLetterSummary[]> {
  let after: string | undefined
  for (let left = limit; left > 0;) {
    const asked = Math.min(PAGE, left)
    const { letters } = await client.call<{ letters: DeadLetterSummary[] }>('dead.ls', {
      limit: asked,
      ...(subscription === undefined ? {} : { subscription }),
      ...(after === undefined ? {} : { after })
    })
    if (letters.length > 0) yield letters
    if (letters.length < asked) return
    left -= letters.length
    after = letters.at(-1)?.deadId
  }
}
