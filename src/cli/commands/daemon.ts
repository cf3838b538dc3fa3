/** `skein daemon`: a node that runs until it is told to stop. */
import { isatty } from 'node:tty'
import { defaultDataDir } from '../../daemon/data-dir.js'
import { programName } from '../../daemon/banner.js'
import { resolveSettings } from '../../daemon/settings.js'
import { switchFlag, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS } from '../flags.js'
import { describe } from '../report.js'
import { readVersion } from '../version.js'

export const command: Command = {
  name: 'daemon',
  summary: 'Run a node on this machine, for other processes to use.',
  text: `It relays and keeps what its neighbours exchange, unless --no-relay says otherwise. Every flag can be given as SKEIN_… in the
environment (lists with commas) or in the configuration file. SIGTERM drains and ends it, a second one ends it at once;
SIGHUP reads the log level again.`,
  flags: [{ ...JSON_FLAG, summary: 'Write events as JSON, one a line; the first is ready.' }, ...NODE_FLAGS, HELP_FLAG],
  examples: [
    ['skein daemon', 'On this machine only.'],
    ['skein daemon --listen /ip4/0.0.0.0/tcp/4001 --mesh factory', 'For other machines too.'],
    ['skein daemon --data ./skein-2 --bootstrap /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…', 'Join another node.']
  ],
  run: daemon
}

async function daemon ({ flags }: Invocation, context: Context): Promise<number> {
  const { env } = context
  const reload = async (): ReturnType<typeof resolveSettings> => resolveSettings({ flags, env, role: 'daemon' })
  const resolved = await reload()
  const debug = resolved.values.logLevel === 'debug'
  const [{ runDaemon }, { openNode }] = await Promise.all([import('../../daemon/daemon.js'), import('../../daemon/open-node.js')])
  return await runDaemon({
    resolved,
    reload,
    env,
    json: switchFlag({ flags, args: [] }, 'json') || /^(1|true|yes|on)$/i.test(env['SKEIN_JSON'] ?? ''),
    out: context.out,
    personReadsErrors: isatty(2) && context.out.isTerminal,
    version: readVersion(),
    program: programName(process.argv[1], process.cwd()),
    isDefaultDir: resolved.values.data === defaultDataDir(env),
    open: openNode,
    describe: (error) => context.error(describe(error, debug))
  })
}
