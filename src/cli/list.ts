/** What all `ls` commands do: ask, and write a table, or a JSON object a line. */
import type { ControlClient } from '../daemon/control-client.js'
import { switchFlag, type Context, type Invocation } from './command.js'
import { query } from './query.js'
import { writeTable, type Column } from './table.js'

export interface ListOptions<T> {
  readonly offline: boolean
  readonly columns: ReadonlyArray<Column<T>>
  /** What to say on stderr when there is nothing. */
  readonly empty: string
  readonly ask: (client: ControlClient) => Promise<readonly T[]>
}

export async function runList<T> (invocation: Invocation, context: Context, { offline, columns, empty, ask }: ListOptions<T>): Promise<number> {
  const rows = await query(invocation, context, { offline }, ask)
  if (switchFlag(invocation, 'json')) {
    if (rows.length > 0) await context.out.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  } else if (rows.length === 0) {
    context.note(empty)
  } else {
    await writeTable(context.out, columns, rows)
  }
  return 0
}
