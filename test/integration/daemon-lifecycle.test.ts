import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/cli-control.js'
import { Lab } from '../support/cli-process.js'

const lab = new Lab()
afterEach(async () => { await lab.clean() })

const mode = (path: string): number => lstatSync(path).mode & 0o777

test('it says in one line that it is ready, drains on SIGTERM and ends with 0', async () => {
  const dir = lab.dir()
  const { run } = await lab.daemon(dir, ['--mesh', 'factory'])
  expect(run.lines).toEqual([{
    event: 'ready',
    peerId: expect.stringMatching(/^12D3KooW/),
    addresses: [expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)],
    dataDir: dir,
    mesh: 'factory'
  }])
  run.kill('SIGTERM')
  const { status } = await run.finished
  expect(status).toBe(0)
  expect(run.lines.slice(1)).toEqual([{ event: 'stopping', reason: 'signal', signal: 'SIGTERM' }, { event: 'stopped' }])
  expect(existsSync(join(dir, 'control.sock'))).toBe(false)
})

test('what belongs to its owner alone is its owner’s alone', async () => {
  const dir = lab.dir()
  await lab.daemon(dir)
  expect(mode(dir)).toBe(0o700)
  for (const file of ['control.sock', 'identity.key', 'store.mdb', 'listen.port']) expect([file, mode(join(dir, file))]).toEqual([file, 0o600])
})

test('for a person it prints what to type, and that works', async () => {
  const dir = lab.dir()
  const run = lab.start(['daemon', '--data', dir])
  await run.until('the banner is there', () => run.out.includes('Ctrl-C'))
  expect(run.out).toContain('It listens on this machine only.')
  const typed = run.out.split('\n').filter((line) => /^ {2}node /.test(line)).map((line) => line.trim().match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'|'$/g, '')) ?? [])
  expect(typed.map(([, , verb]) => verb)).toEqual(['sub', 'pub', 'daemon'])
  const [sub = [], pub = []] = typed
  const listener = lab.start([...sub.slice(2), '-C', '1'], { program: join(process.cwd(), sub[1] ?? '') })
  await listener.until('it is subscribed', () => listener.err.includes('subscribed'))
  expect(await lab.skein(pub.slice(2))).toMatchObject({ status: 0 })
  expect(await listener.finished).toMatchObject({ status: 0, out: 'Hello, mesh\n' })
  const other = lab.start([...(typed[2] ?? []).slice(2, 3), '--json', '--data', lab.dir(), ...(typed[2] ?? []).slice(5)])
  await other.until('it has joined', () => other.lines.some(({ event }) => event === 'peer:joined'))
})

test('a second signal ends it at once', async () => {
  const dir = lab.dir()
  const { run } = await lab.daemon(dir)
  // A client that never lets go keeps the first one waiting.
  const socket = connect({ path: join(dir, 'control.sock') })
  socket.on('error', () => {})
  socket.write('{"id":1,"op":"subscribe","feed":1,"filters":["a"],"name":"n","credit":1}\n')
  await lab.skein(['pub', 'a', 'x', '--data', dir])
  await until('it has a delivery in hand', async () => JSON.parse((await lab.skein(['status', '--json', '--data', dir])).out).subscriptions[0]?.inFlight === 1)
  run.kill('SIGTERM')
  await run.until('it is stopping', () => run.lines.some(({ event }) => event === 'stopping'))
  run.kill('SIGINT')
  expect(await run.finished).toMatchObject({ status: 130 })
  socket.destroy()
})

test('under npm one Ctrl-C comes twice, and still drains', async () => {
  const dir = lab.dir()
  const { run } = await lab.daemon(dir, [], { env: { npm_lifecycle_event: 'start' } })
  run.kill('SIGINT')
  await run.until('it is stopping', () => run.lines.some(({ event }) => event === 'stopping'))
  run.kill('SIGINT')
  expect(await run.finished).toMatchObject({ status: 0 })
  expect(run.lines.at(-1)).toEqual({ event: 'stopped' })
})

test('SIGHUP reads the log level again, and a broken file changes nothing', async () => {
  const file = `${lab.dir()}.yaml`
  writeFileSync(file, 'logLevel: warn\n')
  const { run } = await lab.daemon(lab.dir(), ['--config', file])
  writeFileSync(file, 'logLevel: info\n')
  run.kill('SIGHUP')
  await run.until('it has read it', () => run.err.includes('"logLevel":"info"'))
  writeFileSync(file, 'logLevel: loud\n')
  run.kill('SIGHUP')
  await run.until('it has complained', () => run.err.includes('cannot be read'))
  expect(run.ended).toBe(false)
})

test('a second daemon on one directory gives way at once: 75', async () => {
  const dir = lab.dir()
  const { run, peerId } = await lab.daemon(dir)
  const startedAt = performance.now()
  const { status, err } = await lab.skein(['daemon', '--data', dir])
  expect(err).toMatch(new RegExp(`^skein: a daemon \\(process id ${run.child.pid}\\) already works on ${dir} \\[ERR_DATA_DIR_IN_USE\\]\n  hint: `))
  expect(status).toBe(75)
  expect(performance.now() - startedAt).toBeLessThan(8_000)
  expect(JSON.parse((await lab.skein(['id', 'show', '--json', '--data', dir])).out)).toMatchObject({ peerId })
})

test('after kill -9 its socket is nobody’s: commands say so, and the next daemon takes over with the same identity, port and messages', async () => {
  const dir = lab.dir()
  const first = await lab.daemon(dir)
  await lab.skein(['pub', 'kept/x', 'still here', '--data', dir])
  first.run.kill('SIGKILL')
  await first.run.finished
  expect(existsSync(join(dir, 'control.sock'))).toBe(true)
  expect(await lab.skein(['status', '--data', dir])).toMatchObject({ status: 69 })
  const second = await lab.daemon(dir)
  expect([second.peerId, second.address]).toEqual([first.peerId, first.address])
  expect(await lab.skein(['sub', 'kept/#', '--durable', 'n', '--from', 'earliest', '-C', '1', '--data', dir])).toMatchObject({ status: 0, out: 'still here\n' })
})

test('a long path has its socket elsewhere', async () => {
  const dir = lab.dir('x'.repeat(120))
  mkdirSync(dir, { mode: 0o700 })
  const { run } = await lab.daemon(dir)
  const path = readFileSync(join(dir, 'control.path'), 'utf8')
  expect([mode(path), mode(join(dir, 'control.path')), statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o600, 0o700])
  expect(await lab.skein(['pub', 'a', 'x', '--data', dir])).toMatchObject({ status: 0 })
  run.kill('SIGTERM')
  await run.finished
  expect(existsSync(dirname(path))).toBe(false)
})

test('a bootstrap peer that does not answer is no reason to stop, and is told', async () => {
  const other = await lab.daemon(lab.dir())
  other.run.kill('SIGTERM')
  await other.run.finished
  const { run } = await lab.daemon(lab.dir(), ['--bootstrap', other.address])
  await run.until('it says so', () => run.lines.some(({ event, code }) => event === 'peer:notice' && code === 'ERR_UNREACHABLE'))
  expect(run.ended).toBe(false)
})

test('every setting comes from the environment too', async () => {
  const dir = lab.dir()
  const run = lab.start(['daemon'], { env: { SKEIN_DATA: dir, SKEIN_MESH: 'of-env', SKEIN_LISTEN: '/ip4/127.0.0.1/tcp/0,/ip4/127.0.0.1/tcp/0', SKEIN_JSON: '1', SKEIN_RELAY: 'no', SKEIN_LOG_LEVEL: 'silent' } })
  await run.until('it is ready', () => run.out.includes('\n'))
  expect(run.lines[0]).toMatchObject({ dataDir: dir, mesh: 'of-env' })
  expect(run.lines[0]?.['addresses']).toHaveLength(2)
  const { out } = await lab.skein(['status', '--json', '--data', dir])
  expect(JSON.parse(out)).toMatchObject({ relay: false, mesh: 'of-env', peers: [], outbox: { records: 0 }, inbox: { records: 0 }, subscriptions: [], gaps: 0, deadLetters: 0 })
})

test('a fault that nobody caught is told, and ends it cleanly with 1', async () => {
  const trigger = `${lab.dir()}.mjs`
  writeFileSync(trigger, "process.on('SIGUSR2', () => { Promise.reject(new Error('the disk is full')) })")
  const dir = lab.dir()
  const { run } = await lab.daemon(dir, [], { env: { NODE_OPTIONS: `--import file://${trigger}` } })
  run.kill('SIGUSR2')
  const { status, err } = await run.finished
  expect(err).toContain('the disk is full [ERR_INTERNAL]')
  expect(status).toBe(1)
  expect(run.lines.slice(1)).toEqual([{ event: 'stopping', reason: 'fault' }, { event: 'stopped' }])
  expect(existsSync(join(dir, 'control.sock'))).toBe(false)
  await lab.daemon(dir)
})

test('a signal while it starts ends it with 0', async () => {
  const dir = lab.dir()
  const run = lab.start(['daemon', '--json', '--data', dir])
  await until('it has the lock', () => existsSync(join(dir, 'store.mdb')) || run.ended)
  run.kill('SIGTERM')
  expect(await run.finished).toMatchObject({ status: 0 })
})
