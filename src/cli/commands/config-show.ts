/** `skein config show`: what a daemon would run with, and who said so. */
import { inForce, shownSetting } from '../../daemon/in-force.js'
import { SETTINGS, SETTING_NAMES, resolveSettings, unknownVariables, type SettingName } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS } from '../flags.js'
import { writeTable, type Column } from '../table.js'

interface Row {
  readonly name: string
  readonly text: string
  readonly origin: string
}

const VALUE: ReadonlyArray<Column<Row>> = [{ title: 'SETTING', cell: ({ name }) => name }, { title: 'VALUE', cell: ({ text }) => text }]

const nameOf = (name: SettingName): string => SETTINGS[name].file ?? SETTINGS[name].flag ?? name

export const command: Command = {
  name: 'config show',
  summary: 'Show what a daemon would run with.',
  text: 'A data directory that has a mesh and addresses to join from before goes on with those, when none are given. They are not looked up.',
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
  const resolved = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'daemon' })
  for (const { name, hint } of unknownVariables(context.env)) context.note([`the variable ${name} is unknown and has no effect.`, ...(hint === undefined ? [] : [hint])].join(' '))
  const originOf = (name: SettingName): string => resolved.origins[name].from === 'default' ? 'default' : `${resolved.origins[name].from} ${resolved.origins[name].name}`
  const withOrigin = switchFlag(invocation, 'origin')
  if (switchFlag(invocation, 'json')) {
    const values = inForce(resolved)
    await context.out.json(Object.fromEntries(SETTING_NAMES.map(name => [nameOf(name), withOrigin ? { value: values[name] ?? null, origin: originOf(name) } : values[name] ?? null])))
  } else {
    const rows = SETTING_NAMES.flatMap(name => shownSetting(name, nameOf(name), resolved).map(({ name: part, text, byDefault }): Row => ({ name: part, text, origin: byDefault ? 'default' : originOf(name) })))
    await writeTable(context.out, withOrigin ? [...VALUE, { title: 'ORIGIN', cell: ({ origin }: Row) => origin }] : VALUE, rows)
  }
  return 0
}
