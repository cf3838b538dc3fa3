import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSettings } from '../../../src/daemon/node-options.js'
import { resolveSettings, unknownVariables, type ResolvedSettings } from '../../../src/daemon/settings.js'
import { checkNodeOptions } from '../../../src/node/options.js'

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

let dir: string
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-test-')) })
afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

function file (text: string): string {
  const path = join(dir, 'skein.yaml')
  writeFileSync(path, text)
  return path
}

async function resolve (sources: { flags?: Record<string, unknown>, env?: Record<string, string>, role?: 'daemon' | 'command' } = {}): Promise<ResolvedSettings> {
  return await resolveSettings({ flags: sources.flags ?? {}, env: sources.env ?? {}, role: sources.role ?? 'daemon' })
}

test('a flag wins over the environment, that over the file, that over the default, and each says so', async () => {
  const config = file('mesh: of-file\nrelay: false\nlisten:\n  - /ip4/127.0.0.1/tcp/1\n')
  const { values, origins } = await resolve({
    flags: { config, mesh: 'of-flag' },
    env: { SKEIN_MESH: 'of-env', SKEIN_LISTEN: '/ip4/127.0.0.1/tcp/2, /ip4/127.0.0.1/tcp/3' }
  })
  expect(values).toMatchObject({ mesh: 'of-flag', listen: ['/ip4/127.0.0.1/tcp/2', '/ip4/127.0.0.1/tcp/3'], relay: false, mdns: false, bootstrap: [] })
  expect(origins).toMatchObject({
    mesh: { from: 'flag', name: '--mesh' },
    listen: { from: 'env', name: 'SKEIN_LISTEN' },
    relay: { from: 'file', name: `${config}:2` },
    mdns: { from: 'default' }
  })
})

test('only a daemon relays by default', async () => {
  expect((await resolve()).values.relay).toBe(true)
  expect((await resolve({ role: 'command' })).values.relay).toBe(false)
  expect((await resolve({ env: { SKEIN_RELAY: '0' } })).values.relay).toBe(false)
  expect((await resolve({ flags: { relay: false }, env: { SKEIN_RELAY: 'yes' } })).values.relay).toBe(false)
})

test('an empty variable is one that is not set', async () => {
  expect((await resolve({ env: { SKEIN_MESH: '', SKEIN_CONFIG: '' } })).origins.mesh.from).toBe('default')
})

test('the data directory of a file counts from the file, of a flag from here', async () => {
  expect((await resolve({ flags: { config: file('data: ./node') } })).values.data).toBe(join(dir, 'node'))
  expect((await resolve({ flags: { data: 'node' } })).values.data).toBe(join(process.cwd(), 'node'))
})

test('retention takes durations and sizes, by channel too', async () => {
  const config = file('retention:\n  age: 2d\n  bytes: 512MiB\n  channels:\n    logs: { age: 1h, onFull: evict }\nmessageBytesMax: 1MiB\npublishWait: 1s\n')
  const { values } = await resolve({ flags: { config } })
  expect(values).toMatchObject({
    retention: { ageMs: 172_800_000, bytes: 536_870_912, channels: { logs: { ageMs: 3_600_000, onFull: 'evict' } } },
    messageBytesMax: 1_048_576,
    publishWait: 1_000
  })
})

test.each([
  ['mehs: x\n', /:1: unknown key 'mehs'$/, "Did you mean 'mesh'?"],
  ['mesh: x\nretention:\n  channels:\n    logs:\n      agee: 1d\n', /:5: unknown key 'retention\.channels\.logs\.agee'$/, "Did you mean 'age'?"],
  ['quorum: 3\n', /unknown key 'quorum'$/, /Known keys: data, mesh/],
  ['__proto__: { relay: true }\n', /unknown key '__proto__'/, /Known keys/],
  ['relay: maybe\n', /:1: 'relay' is "maybe"; it should be true or false$/, /Default true for a daemon/],
  ['relay:\n', /:1: 'relay' has no value; it should be true or false$/, undefined],
  ['mesh: ""\n', /:1: 'mesh' is empty$/, undefined],
  ['mesh: [a]\n', /:1: 'mesh' is \["a"\]; it should be a text$/, undefined],
  [`mesh: ${'x'.repeat(129)}\n`, /:1: 'mesh' is longer than 128 characters$/, undefined],
  ['listen: /ip4/0.0.0.0/tcp/4001\n', /:1: 'listen' is "\/ip4\/0\.0\.0\.0\/tcp\/4001"; it should be a list$/, 'Multiaddrs to listen on.'],
  ['bootstrap:\n  - a\n  - 7\n', /:3: entry 2 of 'bootstrap' is 7; it should be a text$/, undefined],
  ['retention: { records: 0 }\n', /'retention\.records' is 0; it should be a whole number of at least 1$/, undefined],
  ['retention: { until: done }\n', /'retention\.until' is "done"; it should be age or processed$/, /Keep what is settled until/],
  ['retention: { channels: { "": { age: 1h } } }\n', /a name in 'retention\.channels' is empty$/, undefined],
  ['custody: { bytes: lots }\n', /'custody\.bytes' is "lots"; it should be a size of at least 4MiB: bytes, or a number with a unit such as 64KiB, 1MiB, 1GiB$/, /Bytes altogether/],
  ['mesh: a\nlogLevel: infos\n', /:2: 'logLevel' is "infos"; it should be debug, info, warn, error or silent$/, "Did you mean 'info'?"],
  ['publishWait: 5\n', /:1: 'publishWait' is 5; it should be a duration: a number with a unit, such as 500ms, 10s, 2m, 1h, 7d$/, undefined],
  ['retention: { age: 5 days }\n', /:1: 'retention\.age' is "5 days"; it should be a duration: /, undefined],
  ['retention: { bytes: 1GB }\n', /'retention\.bytes' is "1GB"; it should be a size of at least 64KiB: /, undefined],
  ['messageBytesMax: 0\n', /:1: 'messageBytesMax' is 0; it should be a size of at least 1B: /, /Largest body/],
  ['retention: { bytes: 10 }\n', /'retention\.bytes' is 10; it should be a size of at least 64KiB: /, /Bytes kept/],
  ['mesh: a\nretention:\n  until: age\n  age: 1ms\n', /:4: 'retention\.age': 1ms is too short$/, 'At least 1s.'],
  ['retention:\n  age: 200000d\n', /:2: 'retention\.age': 200000d is too long$/, 'At most 115740d.'],
  ['retention:\n  channels:\n    b: { age: 1h }\n    a:\n      bytes: 1KiB\n', /:5: 'retention\.channels\.a\.bytes': 1KiB is too little$/, 'At least 64KiB.'],
  ['custody:\n  bytes: 4GiB\n  bytesPerPublisher: 1MiB\n', /:3: 'custody\.bytesPerPublisher': 1MiB is too little$/, 'At least 4MiB.'],
  ['retention: 5\n', /:1: 'retention' is 5; it should be keys with values, such as age: 7d$/, /What is kept/],
  ['retention:\n  channels: [a]\n', /:2: 'retention\.channels' is \["a"\]; it should be keys with values, such as telemetry: \{ age: 1h \}$/, /Channels that/],
  ['retention:\n  channels:\n    a: 1h\n', /:3: 'retention\.channels\.a' is "1h"; it should be keys with values, such as age: 1h$/, /differs/],
  ['custody: 1GiB\n', /:1: 'custody' is "1GiB"; it should be keys with values, such as bytes: 4GiB$/, /How much/],
  ['mesh: a\nlisten: *where\n', /:2: .*alias.*where$/i, /needs quotes/],
  ['retention:\n  channels:\n    orders: { age: 1h }\n    orders/new: { age: 1h }\n', /:4: 'orders\/new' is not a channel$/, 'A channel is the first level of a topic: orders, not orders/new.'],
  ['- a\n', /the file is a list; it should be keys with values, such as mesh: factory$/, undefined],
  ['mesh\n', /the file is "mesh"; it should be keys with values, such as mesh: factory$/, undefined],
  ['mesh: "x\n', /skein\.yaml:\d: /, 'The file must be YAML.'],
  ['mesh: a\nmesh: b\n', /:2: Map keys must be unique$/, 'The file must be YAML.']
])('%j is a configuration error with its place', async (text, message, hint) => {
  await expect(resolve({ flags: { config: file(text) } })).rejects.toMatchObject({
    code: 'ERR_BAD_CONFIG',
    message: expect.stringMatching(message),
    ...(hint === undefined ? {} : { hint: expect.stringMatching(typeof hint === 'string' ? hint.replace('?', '\\?') : hint) })
  })
})

test.each([
  ['lapseAfter: 1s\n', 'subscriptions cannot lapse after 1s', 'At least 1m, or 0s for never.'],
  ['lapseAfter: 200000d\n', 'subscriptions cannot lapse after 200000d', 'At most 115740d, or 0s for never.'],
  ['publishWait: 25h\n', 'a publish cannot wait 1d 1h', 'At most 1d.'],
  ['messageBytesMax: 0KiB\n', 'messages cannot be limited to 0 bytes', 'At least 1.'],
  ['messageBytesMax: 2MiB\n', '2 MiB a message is over the hard limit', 'At most 1 MiB.']
])('%j, which a node would refuse, is found without one', async (text, message, hint) => {
  const config = file(`mesh: a\n${text}`)
  await expect(checkSettings(await resolve({ flags: { config } }))).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', message: `${config}:2: ${message}`, hint })
})

test.each(['x y', ' ', 'x\t', 'a\u200bb', 'a\u00a0b', 'x\ny', '\u0000', 'é'.repeat(65)])('%j is no mesh id, wherever it comes from', async (mesh) => {
  await expect(checkSettings(await resolve({ flags: { mesh } }))).rejects.toMatchObject({ code: 'ERR_USAGE', message: expect.stringMatching(/^--mesh: .* is not a mesh id$/), hint: '1 to 128 bytes, with no blanks and nothing that cannot be seen.' })
  await expect(checkSettings(await resolve({ env: { SKEIN_MESH: mesh } }))).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', message: expect.stringContaining('SKEIN_MESH') })
  await expect(checkSettings(await resolve({ flags: { config: file(`relay: true\nmesh: ${JSON.stringify(mesh)}\n`) } }))).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', message: expect.stringMatching(/yaml:2: /) })
  expect(() => { checkNodeOptions({ inMemory: true, mesh }) }).toThrow(expect.objectContaining({ code: 'ERR_BAD_ARGUMENT', message: expect.stringMatching(/^mesh must /) }))
})

test.each(['default', 'Fabrik-7/Süd', 'a.b:c#d', 'é'.repeat(64), '工場'])('%j is a mesh id', async (mesh) => {
  await checkSettings(await resolve({ flags: { mesh } }))
  checkNodeOptions({ inMemory: true, mesh })
})

test('a file that is not there is a configuration error', async () => {
  await expect(resolve({ flags: { config: join(dir, 'none.yaml') } })).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', hint: 'There is no such file.' })
})

test('a bad value is a usage error from a flag and a configuration error from a variable', async () => {
  await expect(resolve({ flags: { 'publish-wait': '5' } })).rejects.toMatchObject({ code: 'ERR_USAGE', message: expect.stringContaining('--publish-wait') })
  await expect(resolve({ env: { SKEIN_PUBLISH_WAIT: '5' } })).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', message: expect.stringContaining('SKEIN_PUBLISH_WAIT') })
  await expect(resolve({ env: { SKEIN_RELAY: 'maybe' } })).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG' })
})

test('addresses are checked where they came from', async () => {
  await expect(checkSettings(await resolve({ flags: { listen: ['nonsense'] } }))).rejects.toMatchObject({ code: 'ERR_BAD_ADDRESS', exitStatus: 2 })
  await expect(checkSettings(await resolve({ env: { SKEIN_LISTEN: 'nonsense' } }))).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG', exitStatus: 78 })
  await expect(checkSettings(await resolve({ flags: { bootstrap: ['/ip4/127.0.0.1/tcp/4001'] } }))).rejects.toMatchObject({ code: 'ERR_BAD_ADDRESS', message: expect.stringContaining('/p2p/') })
  await checkSettings(await resolve({ flags: { listen: ['/ip4/0.0.0.0/tcp/4001'], bootstrap: [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`] } }))
  await expect(checkSettings(await resolve({ flags: { 'message-bytes-max': '2MiB' } }))).rejects.toMatchObject({ code: 'ERR_USAGE' })
})

test('a variable that looks like ours and is none is noticed, with what was meant if that can be told', () => {
  expect(unknownVariables({ SKEIN_BOOSTRAP: 'x', SKEIN_MESH: 'y', SKEIN_SOMETHING_ELSE: 'z', HOME: '/' })).toEqual([{ name: 'SKEIN_BOOSTRAP', hint: "Did you mean 'SKEIN_BOOTSTRAP'?" }, { name: 'SKEIN_SOMETHING_ELSE' }])
  expect(unknownVariables({ SKEIN_PORT: '4001' }).map(({ name }) => name)).toEqual(['SKEIN_PORT'])
})

test('variables that Kubernetes sets for a service of our name are let pass', () => {
  const tcp = 'tcp://10.0.0.11:4001'
  expect(unknownVariables({
    SKEIN_SERVICE_HOST: '10.0.0.11', SKEIN_SERVICE_PORT: '4001', SKEIN_SERVICE_PORT_P2P: '4001', SKEIN_PORT: tcp, SKEIN_PORT_4001_TCP: tcp, SKEIN_PORT_4001_TCP_PROTO: 'tcp', SKEIN_PORT_4001_TCP_ADDR: '10.0.0.11',
    SKEIN_RELAY_SERVICE_HOST: '10.0.0.12', SKEIN_RELAY_PORT: tcp
  })).toEqual([])
})

test.each([
  ['brackets', '['.repeat(8000) + ']'.repeat(8000)],
  ['brackets that do not close', '{a: '.repeat(8000)],
  ['lists in lists', '- '.repeat(8000)],
  ['keys in keys', '? '.repeat(2000)],
  ['some keys in keys', '? '.repeat(60)],
  ['an alias within its own anchor', 'logLevel: &a {b: *a}'],
  ['a value as long as a file may be', `logLevel: [${'x, '.repeat(300_000)}]`]
])('a configuration with %s is refused with a code and a message that can be read', async (_, text) => {
  const error = await resolve({ flags: { config: file(text) } }).catch((problem: unknown) => problem as Error & { code: string })
  expect(error).toMatchObject({ code: 'ERR_BAD_CONFIG' })
  expect((error as Error).message.length).toBeLessThan(1000)
})
