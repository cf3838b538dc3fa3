/** `skein config show`: what a daemon would run with, and who said so. */
import { SETTINGS, SETTING_NAMES, resolveSettings } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS } from '../flags.js'
import { writeTable, type Column } from '../table.js'

interface Row {
  readonly name: string
  readonly value: unknown
  readonly origin: string
}

const VALUE: ReadonlyArray<Column<Row>> = [
  { title: 'SETTING', cell: ({ name }) => name },
  { title: 'VALUE', cell: ({ value }) => value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value) }
]

export const command: Command = {
  name: 'config show',
  summary: 'Show what a daemon would run with.',
  flags: [
    { name: 'origin', summary: 'Show where each value comes from: flag, environment, file or default.' },
    JSON_FLAG,
    ...NODE_FLAGS,
    HELP_FLAG
  ],
  examples: [['SKEIN_MESH=factory skein config show --config skein.yaml --origin', 'Which one wins.']],
  run: show
}

async function show (invocation: Invocation, context: Context): Promise<number> {
  const { values, origins } = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'daemon' })
  const rows = SETTING_NAMES.map((name): Row => ({
    name: SETTINGS[name].file ?? SETTINGS[name].flag ?? name,
    value: values[name],
    origin: origins[name].from === 'default' ? 'default' : `${origins[name].from} ${origins[name].name}`
  }))
  const withOrigin = switchFlag(invocation, 'origin')
  if (switchFlag(invocation, 'json')) {
    await context.out.json(Object.fromEntries(rows.map(({ name, value = null, origin }) => [name, withOrigin ? { value, origin } : value])))
  } else {
    await writeTable(context.out, withOrigin ? [...VALUE, { title: 'ORIGIN', cell: ({ origin }: Row) => origin }] : VALUE, rows)
  }
  return 0
}
