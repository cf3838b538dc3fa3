import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.js'
import { Lab, type Daemon } from '../support/cli-process.js'

const lab = new Lab()
afterEach(async () => { await lab.clean() })

const firstLine = (text: string): string => text.split('\n')[0] ?? ''

describe('bad input has a code, a clear line, a hint and its status', () => {
  test.each([
    [['pub', 'a', 'b', '--unti', 'local'], 2, 'unknown flag --unti [ERR_USAGE]', 'Did you mean --until?'],
    [['pbu'], 2, "unknown command 'pbu' [ERR_USAGE]", "Did you mean 'pub'?"],
    [['dead'], 2, 'skein dead what? [ERR_USAGE]', 'skein dead ls'],
    [['dead', 'shwo'], 2, "unknown command 'dead shwo' [ERR_USAGE]", "Did you mean 'dead show'?"],
    [['help', 'dead', 'nope'], 2, "unknown command 'dead nope' [ERR_USAGE]", 'Use skein dead ls'],
    [['pub', 'a/+', 'x'], 2, '[ERR_BAD_TOPIC]', 'A topic is'],
    [['sub', 'a/#/b'], 2, '[ERR_BAD_FILTER]', 'Such as'],
    [['sub'], 2, 'FILTER is missing', 'skein sub'],
    [['pub', 'a', 'x', '-f', '/dev/null'], 2, 'the body is given more than once', '-f'],
    [['pub', 'a', 'x', '-l'], 2, 'the body is given more than once', '-l'],
    [['pub', 'a', 'x', '-m', 'y'], 2, 'the body is given more than once', '-m'],
    [['pub', 'a', 'x', '--until', 'stored:many'], 2, "'stored:many' is not a level", 'stored:K'],
    [['pub', 'a', 'x', '--timeout', '10'], 2, "--timeout: '10' is not a duration", '10s'],
    [['pub', 'a', 'x', '--ephemeral', '--until', 'stored:1'], 2, 'ephemeral', '--until'],
    [['pub', 'a', '-f', '/nowhere/at/all'], 1, 'cannot read /nowhere/at/all: ENOENT', undefined],
    [['sub', 'a', '-C', '0'], 2, "--count: '0'", undefined],
    [['sub', 'a', '--from', 'yesterday', '--durable', 'n'], 2, "--from: 'yesterday'", 'earliest'],
    [['status'], 69, 'no node has ever run', 'skein daemon'],
    [['peer', 'ls'], 69, 'no node has ever run', 'skein daemon'],
    [['dead', 'ls'], 69, 'no node has ever run', 'skein daemon'],
    [['id', 'show'], 69, 'no node has ever run', 'skein daemon'],
    [['daemon', '--listen', '/ip4/nonsense'], 2, '--listen: "/ip4/nonsense" is not a multiaddr [ERR_BAD_ADDRESS]', '/ip4/0.0.0.0/tcp/4001'],
    [['pub', 'a', 'x', '--bootstrap', '/ip4/127.0.0.1/tcp/1'], 2, 'does not end in /p2p/PEERID [ERR_BAD_ADDRESS]', '/p2p/'],
    [['daemon', '--config', '/nowhere.yaml'], 78, 'ERR_BAD_CONFIG', 'There is no such file.'],
    [['daemon', '--message-bytes-max', '2MiB'], 2, 'over the hard limit', 'At most 1 MiB.']
  ])('skein %j', async (args, status, message, hint) => {
    const dir = lab.dir()
    const { status: got, out, err } = await lab.skein(args, { env: { SKEIN_DATA: dir } })
    expect(err).toContain(message)
    if (hint !== undefined) expect(err).toContain(hint)
    expect(firstLine(err)).toMatch(/^skein: .* \[ERR_[A-Z_]+\]$/)
    expect(err).not.toMatch(/^\s+at /m)
    expect([got, out]).toEqual([status, ''])
    expect(existsSync(dir)).toBe(false)
  })

  test('no command at all shows the help and is a usage error', async () => {
    const { status, out, err } = await lab.skein([])
    expect([status, out]).toEqual([2, ''])
    expect(err).toContain('Usage: skein COMMAND')
  })

  test('help and version are data', async () => {
    expect(await lab.skein(['--version'])).toMatchObject({ status: 0, out: `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`, err: '' })
    expect(await lab.skein(['pub', '--help'])).toMatchObject({ status: 0, out: expect.stringContaining('tail -F app.log | skein pub -l'), err: '' })
    expect(await lab.skein(['help', 'dead', 'ls'])).toMatchObject({ status: 0, out: expect.stringContaining('Usage: skein dead ls') })
  })

  test.each([...new Set(Object.keys(COMMANDS).flatMap((name) => name.includes(' ') ? [name.split(' ')[0] as string] : []))])('skein %s --help lists the commands of the group and is no error', async (group) => {
    const { status, out, err } = await lab.skein([group, '--help'])
    expect([status, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^Usage: skein ${group} COMMAND\n`))
    const listed = [...out.matchAll(/^ {2}(\S+ \S+) {2,}[A-Z]/gm)].map(([, name]) => name)
    expect(listed).toEqual(Object.keys(COMMANDS).filter((name) => name.startsWith(`${group} `)))
    expect((await lab.skein([group, '-h'])).out).toBe(out)
    expect((await lab.skein(['help', group])).out).toBe(out)
  })

  test('an unknown key in the file names its line', async () => {
    const file = `${lab.dir()}.yaml`
    writeFileSync(file, 'mesh: a\nboostrap: []\n')
    expect(await lab.skein(['daemon', '--config', file])).toMatchObject({ status: 78, err: `skein: ${file}:2: unknown key 'boostrap' [ERR_BAD_CONFIG]\n  hint: Did you mean 'bootstrap'?\n` })
    expect(await lab.skein(['config', 'check', file])).toMatchObject({ status: 78 })
  })

  test('an unknown variable is told by config show and is an error to config check', async () => {
    const file = `${lab.dir()}.yaml`
    writeFileSync(file, 'mesh: a\n')
    const env = { SKEIN_MESSH: '3', SKEIN_WEATHER: 'fine' }
    const shown = await lab.skein(['config', 'show'], { env })
    expect(shown).toMatchObject({ status: 0, err: "skein: the variable SKEIN_MESSH is unknown and has no effect. Did you mean 'SKEIN_MESH'?\nskein: the variable SKEIN_WEATHER is unknown and has no effect.\n" })
    expect(shown.out).toMatch(/^mesh +default$/m)
    expect(await lab.skein(['config', 'check', file], { env })).toEqual({ status: 78, signal: null, out: '', err: "skein: unknown variables SKEIN_MESSH, SKEIN_WEATHER [ERR_BAD_CONFIG]\n  hint: Did you mean 'SKEIN_MESH'?\n" })
    expect(await lab.skein(['config', 'check', file], { env: { SKEIN_MESH: '3' } })).toMatchObject({ status: 0, err: `skein: ${file}: fine\n` })
  })

  test('config show tells which one won', async () => {
    const file = `${lab.dir()}.yaml`
    writeFileSync(file, 'mesh: of-file\nrelay: false\n')
    const { status, out } = await lab.skein(['config', 'show', '--origin', '--json', '--config', file, '--mesh', 'of-flag'], { env: { SKEIN_RELAY: 'true' } })
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      mesh: { value: 'of-flag', origin: 'flag --mesh' },
      relay: { value: true, origin: 'env SKEIN_RELAY' },
      mdns: { value: false, origin: 'default' }
    })
  })

  test('config show tells what is in force where nothing is given', async () => {
    const file = `${lab.dir()}.yaml`
    writeFileSync(file, 'retention: { age: 36h, channels: { logs: { bytes: 65536, onFull: evict } } }\n')
    const { out } = await lab.skein(['config', 'show', '--origin', '--config', file])
    const shown = Object.fromEntries(out.trimEnd().split('\n').slice(1).map(line => line.split(/ {2,}/)).map(([name = '', value = '', origin = '']) => [name, `${value} (${origin.replace(/ .*/, '')})`]))
    expect(shown).toMatchObject({
      mesh: 'default (default)', listen: '["/ip4/127.0.0.1/tcp/0"] (default)', messageBytesMax: '256KiB (default)', publishWait: '5s (default)', lapseAfter: '30d (default)', history: 'none (default)',
      'retention.age': '36h (file)', 'retention.bytes': '1GiB (default)', 'retention.until': 'age (default)', 'retention.onFull': 'refuse (default)',
      'retention.channels.logs.bytes': '64KiB (file)', 'retention.channels.logs.onFull': 'evict (file)', 'custody.bytes': '4GiB (default)', 'custody.bytesPerPublisher': '1GiB (default)'
    })
    expect(shown).toHaveProperty('acceptLoss', 'false (default)')
  })

  test('config show --json is a configuration file, with units, that says the same', async () => {
    const file = `${lab.dir()}.yaml`
    writeFileSync(file, 'retention: { age: 36h, records: 7, channels: { a.b: { bytes: 65537, onFull: evict }, __proto__: { age: 1h } } }\nlapseAfter: 0s\ncustody: { bytesPerPublisher: 5MiB }\npublishWait: 1500ms\n')
    const first = await lab.skein(['config', 'show', '--json', '--config', file])
    const shown = JSON.parse(first.out) as object
    expect(shown).toMatchObject({ mesh: 'default', messageBytesMax: '256KiB', publishWait: '1500ms', lapseAfter: '0s', retention: { age: '36h', bytes: '1GiB', records: 7, until: 'age', channels: { 'a.b': { bytes: '65537', onFull: 'evict' } } }, custody: { bytes: '4GiB', bytesPerPublisher: '5MiB' } })
    for (const none of ['history', 'acceptLoss']) expect(shown).not.toHaveProperty(none)
    const again = join(lab.dir(), '..', 'shown.yaml')
    writeFileSync(again, first.out)
    expect(await lab.skein(['config', 'check', again])).toMatchObject({ status: 0 })
    expect((await lab.skein(['config', 'show', '--json', '--config', again])).out).toBe(first.out)
    const origins = JSON.parse((await lab.skein(['config', 'show', '--json', '--origin', '--config', file])).out) as Record<string, unknown>
    expect(origins).toMatchObject({ retention: { age: { value: '36h', origin: `file ${file}:1` }, until: { value: 'age', origin: 'default' } }, custody: { bytes: { value: '4GiB', origin: 'default' } }, history: { value: null, origin: 'default' } })
  })
})

describe('a directory that will not do', () => {
  test('a path through a file cannot be used: 77', async () => {
    const dir = lab.dir()
    writeFileSync(dir, '')
    const { status, err } = await lab.skein(['daemon', '--data', join(dir, 'below')])
    expect(err).toMatch(/\[ERR_DATA_DIR_UNUSABLE\]\n {2}hint: /)
    expect(status).toBe(77)
  })

  test('a path below a link that leads nowhere cannot be used: 77', async () => {
    const link = lab.dir()
    symlinkSync(`${link}-not-mounted`, link)
    const { status, err } = await lab.skein(['daemon', '--data', join(link, 'below')])
    expect(err).toMatch(/\[ERR_DATA_DIR_UNUSABLE\]\n {2}hint: .*leads nowhere/)
    expect(status).toBe(77)
  })

  test('one that is not writable cannot be used: 77', async ({ skip }) => {
    if (process.getuid?.() === 0) return skip('root may write everywhere')
    const dir = lab.dir()
    mkdirSync(dir)
    chmodSync(dir, 0o500)
    expect(await lab.skein(['daemon', '--data', dir])).toMatchObject({ status: 77, err: expect.stringContaining('ERR_DATA_DIR_UNUSABLE') })
  })

  test('a key whose store is gone is refused, 78, unless the loss is accepted', async () => {
    const dir = lab.dir()
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir])
    rmSync(join(dir, 'store.mdb'))
    const { status, err } = await lab.skein(['daemon', '--data', dir])
    expect(err).toContain('--accept-loss')
    expect(status).toBe(78)
    expect(await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir, '--accept-loss'])).toMatchObject({ status: 0 })
  })

  test('a store that is none ends it with a code, and stays as it is', async () => {
    const dir = lab.dir()
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir])
    const store = join(dir, 'store.mdb')
    writeFileSync(store, Buffer.alloc(65_536, 'rubbish'))
    const { status, err } = await lab.skein(['daemon', '--data', dir])
    expect(err).toMatch(/\[ERR_STORE_(CORRUPT|FOREIGN)\]/)
    expect([1, 78]).toContain(status)
    expect(readFileSync(store).equals(Buffer.alloc(65_536, 'rubbish'))).toBe(true)
  })

  test('another mesh than the directory’s is refused: 78', async () => {
    const dir = lab.dir()
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir, '--mesh', 'one'])
    expect(await lab.skein(['daemon', '--data', dir, '--mesh', 'two'])).toMatchObject({ status: 78, err: expect.stringContaining('ERR_MESH_DIFFERS') })
  })

  test('config show has what the directory goes on with, and tells of a mesh that it would refuse', async () => {
    const dir = lab.dir()
    const at = (host: number): string => `/ip4/192.0.2.${host}/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp`
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir, '--mesh', 'one', '--bootstrap', at(1)])
    const show = async (...args: string[]): Promise<unknown> => JSON.parse((await lab.skein(['config', 'show', '--json', '--origin', '--data', dir, ...args])).out)
    const directory = `directory ${dir}`
    expect(await show()).toMatchObject({ mesh: { value: 'one', origin: directory }, bootstrap: { value: [at(1)], origin: directory }, listen: { origin: 'default' } })
    expect(await show('--bootstrap', at(2), '--mesh', 'one')).toMatchObject({ mesh: { value: 'one', origin: 'flag --mesh' }, bootstrap: { value: [at(2), at(1)], origin: `flag --bootstrap, ${directory}` } })
    expect(await lab.skein(['config', 'show', '--data', dir, '--mesh', 'two'])).toMatchObject({ status: 0, err: "skein: the directory belongs to the mesh 'one': a daemon would not start in 'two'\n" })
    writeFileSync(join(dir, 'store.mdb'), 'rubbish')
    expect(await lab.skein(['config', 'show', '--data', dir])).toMatchObject({ status: 0, err: expect.stringMatching(/^skein: what the directory remembers cannot be looked up: /) })
  })

  test('a port in use ends a daemon that asked for it: 75', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const { port } = server.address() as { port: number }
    const { status, err } = await lab.skein(['daemon', '--data', lab.dir(), '--listen', `/ip4/127.0.0.1/tcp/${port}`])
    server.close()
    expect(err).toContain('ERR_PORT_IN_USE')
    expect(status).toBe(75)
  })
})

describe('through a daemon', () => {
  const house = new Lab()
  let daemon: Daemon
  beforeAll(async () => { daemon = await house.daemon(house.dir()) })
  afterAll(async () => { await house.clean() })
  const here = async (args: readonly string[], input?: string | Buffer): ReturnType<Lab['skein']> => lab.skein([...args, '--data', daemon.dir], input === undefined ? {} : { input })

  test('a message over the limit fails: 1', async () => {
    expect(await here(['pub', 'big', '-f', '-'], 'x'.repeat(256 * 1024 + 1))).toMatchObject({ status: 1, err: expect.stringContaining('ERR_MESSAGE_TOO_LARGE') })
    expect(await here(['pub', 'big', '-f', '-'], 'x'.repeat(2 * 1024 * 1024))).toMatchObject({ status: 1, err: expect.stringContaining('ERR_MESSAGE_TOO_LARGE') })
    expect(await here(['pub', 'big', '-f', '-'], 'x'.repeat(256 * 1024))).toMatchObject({ status: 0 })
  })

  test('a line over the limit fails alone', async () => {
    const input = ['first', 'y'.repeat(300_000), '', 'z'.repeat(3 * 1024 * 1024), 'last'].join('\n')
    const { status, err } = await here(['pub', 'lines/x', '-l'], input)
    expect(status).toBe(1)
    expect(err).toMatch(/^skein: line 2.*ERR_MESSAGE_TOO_LARGE/m)
    expect(err).toMatch(/^skein: line 4.*ERR_MESSAGE_TOO_LARGE/m)
    const got = await here(['sub', 'lines/x', '--durable', 'lines', '--from', 'earliest', '-C', '3'])
    expect(got).toMatchObject({ status: 0, out: 'first\n\nlast\n' })
  })

  test('a level that is not reached in time: 75, and the message stays', async () => {
    const { status, out, err } = await here(['pub', 'late', 'x', '--until', 'stored:1', '--timeout', '200ms', '--json'])
    expect([status, out]).toEqual([75, ''])
    expect(err).toContain('it stays in the outbox [ERR_TIMEOUT]\n  hint: The daemon goes on sending.')
    expect(await here(['sub', 'late', '--durable', 'late', '--from', 'earliest', '-C', '1'])).toMatchObject({ status: 0, out: 'x\n' })
  })

  test('-W ends it with 124, with and without -C', async () => {
    expect(await here(['sub', 'nothing', '-W', '200ms'])).toMatchObject({ status: 124, out: '' })
    expect(await here(['sub', 'nothing', '-W', '200ms', '-C', '1'])).toMatchObject({ status: 124, out: '' })
  })

  test('other filters on a durable name are refused, 2, unless asked for', async () => {
    await here(['sub', 'p', '--durable', 'differs', '-W', '10ms'])
    expect(await here(['sub', 'q', '--durable', 'differs', '-W', '10ms'])).toMatchObject({ status: 2, err: expect.stringContaining('ERR_SUBSCRIPTION_DIFFERS') })
    expect(await here(['sub', 'q', '--durable', 'differs', '--change', '-W', '10ms'])).toMatchObject({ status: 124 })
  })

  test('another mesh than the daemon’s is refused: 78', async () => {
    expect(await here(['pub', 'a', 'x', '--mesh', 'elsewhere'])).toMatchObject({ status: 78, err: expect.stringContaining('ERR_MESH_DIFFERS') })
  })

  test('config show looks into the directory of a node that runs, and does not disturb it', async () => {
    const { status, out, err } = await here(['config', 'show', '--json', '--origin'])
    expect([status, err]).toEqual([0, ''])
    const port = /tcp\/\d+/.exec(daemon.address)?.[0]
    expect(JSON.parse(out)).toMatchObject({ mesh: { value: 'default', origin: `directory ${daemon.dir}` }, listen: { value: [`/ip4/127.0.0.1/${port}`], origin: `directory ${daemon.dir}` } })
    expect(await here(['pub', 'after', 'x'])).toMatchObject({ status: 0 })
  })

  test('what is not there is not found: 1', async () => {
    expect(await here(['dead', 'show', 'nobody/1'])).toMatchObject({ status: 1, err: expect.stringContaining('ERR_NOT_FOUND') })
    expect(await here(['subscription', 'rm', 'nobody'])).toMatchObject({ status: 1, err: expect.stringContaining('ERR_NOT_FOUND') })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a command with 128 and its number', async (signal) => {
    const sub = lab.start(['sub', 'a', '--data', daemon.dir])
    await sub.until('it is subscribed', () => sub.err.includes('subscribed'))
    sub.kill(signal)
    expect(await sub.finished).toMatchObject({ status: signal === 'SIGINT' ? 130 : 143, out: '' })
  })

  test('a reader that goes ends it quietly', async () => {
    const sub = lab.start(['sub', 'pipe', '--data', daemon.dir])
    await sub.until('it is subscribed', () => sub.err.includes('subscribed'))
    sub.child.stdout?.destroy()
    await here(['pub', 'pipe', 'one'])
    await here(['pub', 'pipe', 'two'])
    const { status, err } = await sub.finished
    expect([status, err]).toEqual([0, 'skein: subscribed to pipe through the daemon\n'])
  })

  test('where a node was and none runs, status has nothing to ask: 69', async () => {
    const dir = lab.dir()
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir])
    expect(await lab.skein(['status', '--data', dir])).toMatchObject({ status: 69, out: '', err: expect.stringContaining('no node runs on') })
    const { out } = await lab.skein(['outbox', 'ls', '--json', '--data', dir])
    expect(JSON.parse(out)).toMatchObject({ channel: 'a', head: 1 })
    const identity = await lab.skein(['id', 'show', '--json', '--data', dir])
    expect(JSON.parse(identity.out)).toEqual({ peerId: JSON.parse(out).publisher, dataDir: dir, addresses: [] })
  })
})
