import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { NodeStatus } from '../../src/index.js'
import { until } from '../support/cli-control.js'
import { Lab, type Daemon } from '../support/cli-process.js'

const lab = new Lab()
afterEach(async () => { await lab.clean() })

const COUNT = 300
const lines = (from: number, count: number): string => Array.from({ length: count }, (_, i) => `${from + i} ${'x'.repeat(2_000)}\n`).join('')

async function statusOf (dir: string): Promise<NodeStatus> {
  const { out } = await lab.skein(['status', '--json', '--data', dir])
  return JSON.parse(out) as NodeStatus
}

async function stop ({ run }: Daemon): Promise<void> {
  run.kill('SIGTERM')
  await run.finished
}

test('status says who holds what is published, what was missed and why, and still does after a restart', async () => {
  const publisherDir = lab.dir('publisher')
  const config = join(publisherDir, '..', 'skein.yaml')
  writeFileSync(config, 'retention:\n  channels:\n    small: { bytes: 128KiB, onFull: evict }\n    brief: { age: 1s }\n')
  let publisher = await lab.daemon(publisherDir, ['--config', config])
  const subscriberDir = lab.dir('subscriber')
  let subscriber = await lab.daemon(subscriberDir, ['--bootstrap', publisher.address, '--no-relay'])
  for (const channel of ['small', 'brief']) {
    await lab.skein(['pub', `${channel}/first`, 'first', '--data', publisherDir])
    const first = await lab.skein(['sub', `${channel}/#`, '--durable', `of-${channel}`, '--from', 'earliest', '-C', '1', '-W', '20s', '--data', subscriberDir])
    expect([first.status, first.out]).toEqual([0, 'first\n'])
  }
  await until('the publisher to know both subscriptions', async () => (await statusOf(publisherDir)).claims.filter(({ unsettled }) => unsettled === 0).length === 2, 20_000)
  await stop(subscriber)

  await lab.skein(['pub', 'brief/x', '-l', '--data', publisherDir], { input: lines(0, 10) })
  expect((await statusOf(publisherDir)).claims[0]).toMatchObject({ peerId: subscriber.peerId, name: 'of-brief', channel: 'brief', unsettled: 10, state: 'heard' })
  const { out } = await lab.skein(['status', '--data', publisherDir])
  expect(out).toMatch(/^OWED TO +CHANNEL +UNSETTLED/m)
  expect(out).toMatch(new RegExp(`^of-brief +brief +10 .*${subscriber.peerId}$`, 'm'))
  const old = Date.now()
  await until('that to be too old', () => Date.now() - old > 1_200)
  await lab.skein(['pub', 'small/x', '-l', '--data', publisherDir], { input: lines(0, COUNT) })
  // What is too old is trimmed now and then, and at a start.
  await stop(publisher)
  publisher = await lab.daemon(publisherDir, ['--config', config])

  subscriber = await lab.daemon(subscriberDir, ['--bootstrap', publisher.address, '--no-relay'])
  const run = lab.start(['sub', 'small/#', '--durable', 'of-small', '--json', '--data', subscriberDir])
  lab.start(['sub', 'brief/#', '--durable', 'of-brief', '--data', subscriberDir])
  await run.until('the last has come', () => run.lines.at(-1)?.['body'] === lines(COUNT - 1, 1).trimEnd())
  await until('both gaps to be told', async () => (await statusOf(subscriberDir)).recentGaps.length >= 2, 30_000)
  const before = await statusOf(subscriberDir)
  const firstLeft = run.lines[0]?.['position'] as number
  expect(firstLeft).toBeGreaterThan(100)
  const small = { subscription: 'of-small', publisher: publisher.peerId, channel: 'small', from: 2, to: firstLeft - 1, reason: 'evicted' }
  const brief = { subscription: 'of-brief', publisher: publisher.peerId, channel: 'brief', from: 2, to: 11, reason: 'expired' }
  expect([...before.recentGaps].sort((a, b) => a.channel < b.channel ? 1 : -1)).toMatchObject([small, brief])
  expect(before).toMatchObject({ gaps: firstLeft - 2 + 10, gapsByReason: { evicted: firstLeft - 2, expired: 10, unrecoverable: 0 } })
  expect(subscriber.run.lines.filter(({ event }) => event === 'gap:reported').length).toBe(2)

  await stop(subscriber)
  subscriber = await lab.daemon(subscriberDir, ['--no-relay'])
  const after = await statusOf(subscriberDir)
  expect([after.gaps, after.gapsByReason, after.recentGaps]).toEqual([before.gaps, before.gapsByReason, before.recentGaps])
  const text = (await lab.skein(['status', '--data', subscriberDir])).out
  expect(text).toMatch(new RegExp(`^gaps +${firstLeft - 2 + 10}: 10 expired, ${firstLeft - 2} evicted$`, 'm'))
  expect(text).toMatch(new RegExp(`of-small +small +2–${firstLeft - 1} +evicted +${publisher.peerId}$`, 'm'))
})
