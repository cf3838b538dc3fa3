/** `skein config show`: what a daemon would run with, and who said so. */
import { settingsInForce, type ShownSetting } from '../../daemon/in-force.js'
import { SETTINGS, resolveSettings, unknownVariables } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS } from '../flags.js'
import { writeTable, type Column } from '../table.js'

const textOf = (value: unknown): string => value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)

const VALUE: ReadonlyArray<Column<ShownSetting>> = [{ title: 'SETTING', cell: ({ path }) => path.join('.') }, { title: 'VALUE', cell: ({ value }) => textOf(value) }]

export const command: Command = {
  name: 'config show',
  summary: 'Show what a daemon would run with.',
  text: `A data directory goes on with the mesh, the addresses to join from and the port that its node had, when none are given: they are looked up
there, whether a node runs on it or not.`,
  flags: [
    { name: 'origin', summary: 'Show where each value comes from: flag, environment, file, the data directory or default.' },
    { ...JSON_FLAG, summary: 'Write a JSON object with the keys and values of a configuration file: without --origin it is one.' },
    ...NODE_FLAGS,
    HELP_FLAG
  ],
  examples: [['SKEIN_MESH=factory skein config show --config skein.yaml --origin', 'Which one wins.']],
  run: show
}

async function show (invocation: Invocation, context: Context): Promise<number> {
  const { withRemembered } = await import('../../daemon/remembered.js')
  const { resolved, warning } = await withRemembered(await resolveSettings({ flags: invocation.flags, env: context.env, role: 'daemon' }))
  if (warning !== undefined) context.note(warning)
  for (const { name, hint } of unknownVariables(context.env)) context.note([`the variable ${name} is unknown and has no effect.`, ...(hint === undefined ? [] : [hint])].join(' '))
  const withOrigin = switchFlag(invocation, 'origin')
  const originOf = ({ setting, byDefault }: ShownSetting): string => {
    const { from, name } = resolved.origins[setting]
    return byDefault || from === 'default' ? 'default' : `${from} ${name}`
  }
  const settings = settingsInForce(resolved)
  if (switchFlag(invocation, 'json')) await context.out.json(withOrigin ? nested(settings, (one) => ({ value: one.value ?? null, origin: originOf(one) })) : nested(settings.filter(isForFile), ({ value }) => value))
  else await writeTable(context.out, withOrigin ? [...VALUE, { title: 'ORIGIN', cell: originOf }] : VALUE, settings)
  return 0
}

/** What is given on the command line only is left out when it is off, so that the rest is a configuration file. */
const isForFile = ({ setting, value }: ShownSetting): boolean => value !== undefined && (SETTINGS[setting].file !== undefined || value !== false)

function nested (settings: readonly ShownSetting[], leafOf: (setting: ShownSetting) => unknown): object {
  interface Branch { [key: string]: unknown }
  // A channel can have any name.
  const branch = (): Branch => Object.create(null) as Branch
  const root = branch()
  for (const setting of settings) {
    const keys = [...setting.path]
    const last = keys.pop() as string
    let at = root
    for (const key of keys) at = (at[key] ??= branch()) as Branch
    at[last] = leafOf(setting)
  }
  return root
}
