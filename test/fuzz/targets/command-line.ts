/** What people type: words of a command line, and variables of the environment. */
import { SkeinError, type ErrorCode } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/logger.js'
import type { Command } from '../../../src/cli/command.js'
import { NODE_FLAGS, HELP_FLAG, JSON_FLAG, QUIET_FLAG } from '../../../src/cli/flags.js'
import { parseInvocation } from '../../../src/cli/parse.js'
import { nodeOptions } from '../../../src/daemon/node-options.js'
import { resolveSettings, unknownVariables } from '../../../src/daemon/settings.js'
import { peerOf } from '../../support/fake-crypto.js'
import { attempt, holds, type Target } from '../target.js'

const code = (...codes: ErrorCode[]) => (error: unknown): boolean => error instanceof SkeinError && codes.includes(error.code)

/** Takes every kind of flag and argument that there is. */
const COMMAND: Command = {
  name: 'fuzz', summary: '', args: [{ name: 'TOPIC' }, { name: 'BODY', optional: true, repeatable: true }], examples: [],
  flags: [...NODE_FLAGS, HELP_FLAG, JSON_FLAG, QUIET_FLAG, { name: 'header', short: 'H', value: 'NAME=VALUE', repeatable: true, summary: '' }],
  run: async () => 0
}

const ADDRESS = `/ip4/10.0.0.1/tcp/4001/p2p/${peerOf(2)}`

export const commandLine: Target = {
  name: 'command-line', what: 'words of a command line, then the settings they come to: a code that is told with exit status 2 or 78', shape: 'text', share: 20, bytesMax: 2048,
  make: draw => new Uint8Array(Buffer.from(['press/4', ...draw.list(6, () => draw.pick(['body', '--relay', '--no-mdns', '-j', '--mesh=a', '--data\0/tmp/x', `--bootstrap\0${ADDRESS}`, '--listen=/ip4/127.0.0.1/tcp/0', '-H\0a=b', '--publish-wait=2s', '--message-bytes-max\x0064KiB', '--', '-q', '--log-level=info']))].join('\0'))),
  words: ['\0', '--', '-', '=', '--no-', '--relay', '-jq', '--config', '--__proto__=1', '--constructor', '--mesh', '-Ha', '--help=1'],
  fussy: true,
  async run (bytes) {
    const words = Buffer.from(bytes).toString().split('\0')
    const parsed = attempt(() => parseInvocation(COMMAND, words), code('ERR_USAGE'))
    if (parsed === undefined) return false
    const { flags, args } = parsed.value
    holds(args.length >= 1 && args.every(arg => typeof arg === 'string'), 'an argument is missing')
    holds(Object.getPrototypeOf(flags) === Object.prototype, 'a prototype was changed')
    const rest = { ...flags }
    delete rest['config']
    try {
      await nodeOptions(await resolveSettings({ flags: rest, env: { HOME: '/home/x' }, role: 'command' }), 'command', silentLogger)
      return true
    } catch (error) {
      if (!code('ERR_USAGE', 'ERR_BAD_ADDRESS')(error)) throw error
      return false
    }
  }
}

const VARIABLES = ['SKEIN_DATA', 'SKEIN_MESH', 'SKEIN_LISTEN', 'SKEIN_BOOTSTRAP', 'SKEIN_RELAY', 'SKEIN_MDNS', 'SKEIN_LOG_LEVEL', 'SKEIN_MESSAGE_BYTES_MAX', 'SKEIN_PUBLISH_WAIT', 'SKEIN_ACCEPT_LOSS']

export const environment: Target = {
  name: 'environment', what: 'variables of the environment: ERR_BAD_CONFIG, and hints for what is misspelt', shape: 'text', share: 20, bytesMax: 2048,
  make: draw => new Uint8Array(Buffer.from(['HOME=/home/x', ...draw.list(5, () => draw.pick(['SKEIN_MESH=a', 'SKEIN_RELAY=yes', 'SKEIN_LISTEN=/ip4/127.0.0.1/tcp/1, /ip4/127.0.0.1/tcp/2', `SKEIN_BOOTSTRAP=${ADDRESS}`, 'SKEIN_PUBLISH_WAIT=2s', 'SKEIN_MESSAGE_BYTES_MAX=64KiB', 'SKEIN_LOG_LEVEL=warn', 'SKEIN_DATA=x']))].join('\n'))),
  words: [...VARIABLES, '=', 'SKEIN_', 'SKEIN_MSEH=1', 'true', ','],
  async run (bytes) {
    const env = Object.fromEntries(Buffer.from(bytes).toString().split('\n').map(line => {
      const at = line.indexOf('=')
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
    }))
    delete env['SKEIN_CONFIG']
    unknownVariables(env)
    try {
      await nodeOptions(await resolveSettings({ flags: {}, env, role: 'daemon' }), 'daemon', silentLogger)
      return true
    } catch (error) {
      if (!code('ERR_BAD_CONFIG', 'ERR_BAD_ADDRESS')(error)) throw error
      return false
    }
  }
}
