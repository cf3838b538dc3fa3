/** `skein config check`: says whether a configuration will do, without starting anything. */
import { checkSettings } from '../../daemon/node-options.js'
import { resolveSettings, unknownVariables } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS, QUIET_FLAG } from '../flags.js'
import { usage } from '../parse.js'

export const command: Command = {
  name: 'config check',
  summary: 'Check a configuration file, and the environment with it.',
  args: [{ name: 'FILE', optional: true }],
  flags: [JSON_FLAG, QUIET_FLAG, ...NODE_FLAGS, HELP_FLAG],
  examples: [['skein config check skein.yaml', 'Status 78 and the line that is wrong, if one is.']],
  run: check
}

async function check (invocation: Invocation, context: Context): Promise<number> {
  const [file] = invocation.args
  const { flags } = invocation
  if (file !== undefined && flags['config'] !== undefined) throw usage(command, 'the file is given twice')
  const resolved = await resolveSettings({ flags: file === undefined ? flags : { ...flags, config: file }, env: context.env, role: 'daemon' })
  await checkSettings(resolved)
  for (const { name, hint } of unknownVariables(context.env)) context.note(`unknown variable ${name}: ${hint ?? ''}`)
  if (switchFlag(invocation, 'json')) await context.out.json({ ok: true, file: resolved.configFile ?? null })
  else if (!switchFlag(invocation, 'quiet')) context.note(`${resolved.configFile ?? 'flags and environment'}: fine`)
  return 0
}
