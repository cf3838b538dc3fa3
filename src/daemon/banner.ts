/** What `skein daemon` tells a person when it is ready: who it is, and what to type next. */
import { basename, relative, sep } from 'node:path'

export interface BannerFacts {
  readonly version: string
  readonly peerId: string
  readonly mesh: string
  readonly dataDir: string
  readonly addresses: readonly string[]
  /** Commands without `--data` find this directory. */
  readonly isDefaultDir: boolean
  /** How to start this program from here: `skein`, `npx skein`, `node dist/cli/main.js`. */
  readonly program: string
}

export function banner ({ version, peerId, mesh, dataDir, addresses, isDefaultDir, program }: BannerFacts): string {
  const at = isDefaultDir ? '' : ` --data ${quote(dataDir)}`
  const reachable = addresses.filter((address) => !isLoopback(address))
  const joinAddress = reachable[0] ?? addresses[0]
  const inMesh = mesh === 'default' ? '' : ` --mesh ${quote(mesh)}`
  return [
    `Skein ${version}`,
    `  peer id    ${peerId}`,
    `  mesh       ${mesh}`,
    `  data       ${dataDir}`,
    ...(addresses.length === 0 ? ['  addresses  none: it listens nowhere'] : addresses.map((address, i) => `${i === 0 ? '  addresses ' : '            '} ${address}`)),
    ...(addresses.length > 0 && reachable.length === 0
      ? ['', 'It listens on this machine only. For others:  --listen /ip4/0.0.0.0/tcp/4001', 'Whoever reaches that port can then read and publish: membership does not exist yet.']
      : []),
    '',
    'Subscribe, in a second terminal:',
    `  ${program} sub 'greetings/#'${at}`,
    'Publish, in a third:',
    `  ${program} pub greetings/hello 'Hello, mesh'${at}`,
    ...(joinAddress === undefined ? [] : ['Join it with another node:', `  ${program} daemon --data ${quote('./skein-2')}${inMesh} --bootstrap ${joinAddress}`]),
    '',
    'Ctrl-C stops it.',
    ''
  ].join('\n')
}

/** How the person who started `script` can start it again from `cwd`. */
export function programName (script: string | undefined, cwd: string): string {
  if (script === undefined) return 'skein'
  if (script.includes(`node_modules${sep}.bin${sep}`)) return 'npx skein'
  if (basename(script).replace(/\.cmd$/, '') === 'skein') return 'skein'
  const near = relative(cwd, script)
  return `node ${quote(near.startsWith('..') ? script : near)}`
}

export const isLoopback = (address: string): boolean => /^\/ip4\/127\.|^\/ip6\/(::1|0:0:0:0:0:0:0:1)\//.test(address)

/** For a POSIX shell. */
export const quote = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
