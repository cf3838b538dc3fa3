/** `skein dead show`: one dead letter with its body. */
import type { DeadLetter } from '../../node/api.js'
import { isUtf8 } from 'node:buffer'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, PLACE_FLAGS } from '../flags.js'
import { printable } from '../output.js'
import { query } from '../query.js'
import { formatTime } from '../table.js'

type WireDeadLetter = Omit<DeadLetter, 'body'> & { readonly body: string }

export const command: Command = {
  name: 'dead show',
  summary: 'Show a message that a subscription gave up on.',
  args: [{ name: 'DEADID' }],
  flags: [
    { name: 'body', summary: 'Write only the body, byte for byte.' },
    JSON_FLAG,
    ...PLACE_FLAGS,
    HELP_FLAG
  ],
  examples: [
    ['skein dead show billing/3', 'All about it.'],
    ['skein dead show billing/3 --body > order.json', 'Its body.']
  ],
  run: show
}

async function show (invocation: Invocation, context: Context): Promise<number> {
  const [deadId = ''] = invocation.args
  const { body, ...letter } = await query(invocation, context, { offline: true }, async (client) => client.call<WireDeadLetter>('dead.show', { deadId }))
  const bytes = Buffer.from(body, 'base64')
  const { out } = context
  if (switchFlag(invocation, 'body')) {
    await out.write(bytes)
  } else if (switchFlag(invocation, 'json')) {
    await out.json({ ...letter, key: letter.key ?? null, ...(isUtf8(bytes) ? { body: bytes.toString() } : { bodyBase64: body }) })
  } else {
    const rows: Array<[string, string]> = [
      ['dead id', letter.deadId],
      ['reason', letter.reason],
      ['attempts', String(letter.attempts)],
      ['buried', formatTime(letter.buriedAt)],
      ['message id', letter.id],
      ['topic', letter.topic],
      ['publisher', letter.publisher],
      ['published', formatTime(letter.time)],
      ['content type', letter.contentType],
      ...(letter.key === undefined ? [] : [['key', letter.key] as [string, string]]),
      ...Object.entries(letter.headers).map(([name, value]): [string, string] => ['header', `${name}: ${value}`])
    ]
    await out.write(rows.map(([name, value]) => `${name.padEnd(12)} ${printable(value)}\n`).join(''))
    await out.line(`\n${isUtf8(bytes) ? printable(bytes.toString(), '\n\t') : `${bytes.length} bytes that are not text; --body writes them`}`)
  }
  return 0
}
