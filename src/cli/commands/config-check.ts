/** `skein config check`: says whether a configuration will do, without starting anything. */
import { SkeinError } from '../../base/errors.js'
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
  examples: [['skein config check skein.yaml', 'Status 78 and the line or the variable that is wrong, if one is.']],
  run: check
}

async function check (invocation: Invocation, context: Context): Promise<number> {
  const [file] = invocation.args
  const { flags } = invocation
  if (file !== undefined && flags['config'] !== undefined) throw usage(command, 'the file is given twice')
  const resolved = await resolveSettings({ flags: file === undefined ? flags : { ...flags, config: file }, env: context.env, role: 'daemon' })
  await checkSettings(resolved)
  checkVariables(context.env)
  if (switchFlag(invocation, 'json')) await context.out.json({ ok: true, file: resolved.configFile ?? null })
  else if (!switchFlag(invocation, 'quiet')) context.note(`${resolved.configFile ?? 'flags and environment'}: fine`)
  return 0
}

/** A daemon only warns of them. Whoever asks whether all is well is told that it is not. */
function checkVariables (env: Context['env']): void {
  const unknown = unknownVariables(env)
  if (unknown.length === 0) return
  const hints = [...new Set(unknown.flatMap(({ hint }) => hint ?? []))]
  throw new SkeinError('ERR_BAD_CONFIG', `unknown variable${unknown.length === 1 ? '' : 's'} ${unknown.map(({ name }) => name).join(', ')}`, {
    hint: hints.length > 0 ? hints.join(' ') : 'There is no such setting; skein daemon --help lists them.'
  })
}
