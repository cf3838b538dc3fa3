import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Lab } from '../support/cli-process.js'

const lab = new Lab()
afterEach(async () => { await lab.clean() })

const settings = (address: string): string[] => ['--bootstrap', address, '--listen', '/ip4/127.0.0.1/tcp/0']

test('of two daemons with one key the one that started later stops with 78 and says why; the other says so, stays, and both their messages arrive', async () => {
  const hub = await lab.daemon(lab.dir())
  const listener = lab.start(['sub', 'orders/#', '--durable', 'all', '--from', 'earliest', '-C', '3', '--data', hub.dir])
  await listener.until('it is subscribed', () => listener.err.includes('subscribed'))
  const first = await lab.daemon(lab.dir(), settings(hub.address))
  await first.run.until('it has joined', () => first.run.lines.some(({ event }) => event === 'peer:joined'))
  const copy = lab.dir()
  mkdirSync(copy, { mode: 0o700 })
  copyFileSync(join(first.dir, 'identity.key'), join(copy, 'identity.key'))
  const second = await lab.daemon(copy, [...settings(hub.address), '--accept-loss'])
  expect(second.peerId).toBe(first.peerId)
  for (const [dir, body] of [[first.dir, 'first'], [copy, 'second']] as const) expect(await lab.skein(['pub', 'orders/new', body, '--until', 'local', '--data', dir])).toMatchObject({ status: 0 })

  const { status, err } = await second.run.finished
  expect(status).toBe(78)
  expect(err).toContain('[ERR_IDENTITY_IN_USE]')
  expect(second.run.lines.find(({ event }) => event === 'identity:duplicate')).toMatchObject({ stays: true })
  await first.run.until('the first to notice', () => first.run.lines.some(({ event }) => event === 'identity:duplicate'), 90_000)
  expect(first.run.lines.find(({ event }) => event === 'identity:duplicate')).toMatchObject({ stays: false })
  expect(JSON.parse((await lab.skein(['status', '--json', '--data', first.dir])).out)).toMatchObject({ identity: 'shared' })
  expect(first.run.ended).toBe(false)

  expect(await lab.skein(['pub', 'orders/new', 'after', '--until', 'stored:1', '--data', first.dir])).toMatchObject({ status: 0 })
  // What the one that stopped had not handed over is on its disk, and comes when it runs alone.
  first.run.kill('SIGTERM')
  await first.run.finished
  await lab.daemon(copy, settings(hub.address))
  const { out } = await listener.finished
  expect(out.trim().split('\n').sort()).toEqual(['after', 'first', 'second'])
}, 180_000)

test('a daemon that is killed and started again at once, again and again, is no second one, nor is one whose store was emptied', async () => {
  const hub = await lab.daemon(lab.dir())
  const dir = lab.dir()
  for (let life = 0; life < 4; life++) {
    if (life === 3) rmSync(join(dir, 'store.mdb'))
    const node = await lab.daemon(dir, [...settings(hub.address), ...(life === 3 ? ['--accept-loss'] : [])])
    expect(await lab.skein(['pub', 'orders/new', `${life}`, '--until', 'stored:1', '--data', dir])).toMatchObject({ status: 0 })
    expect(node.run.lines.filter(({ event }) => event === 'identity:duplicate')).toEqual([])
    if (life < 3) {
      node.run.kill('SIGKILL')
      await node.run.finished
      continue
    }
    // Its lost records come back from the hub, and a subscription of its own gets them all.
    const { status, out } = await lab.skein(['sub', 'orders/#', '--durable', 'own', '--from', 'earliest', '-C', '4', '--data', dir])
    expect(status).toBe(0)
    expect(out.trim().split('\n').sort()).toEqual(['0', '1', '2', '3'])
    expect(node.run.ended).toBe(false)
  }
}, 120_000)

test('nobody is in quarantine on a healthy node, and lifting it from nobody says so', async () => {
  const { dir, peerId } = await lab.daemon(lab.dir())
  expect(await lab.skein(['quarantine', 'ls', '--data', dir])).toMatchObject({ status: 0, out: '', err: expect.stringContaining('nobody is in quarantine') })
  expect(await lab.skein(['quarantine', 'lift', peerId, '--data', dir])).toMatchObject({ status: 1, err: expect.stringContaining('[ERR_NOT_FOUND]') })
  expect((await lab.skein(['status', '--data', dir])).out).toMatch(/^identity +sound$/m)
})
