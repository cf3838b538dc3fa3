// What grows, and what is measured at each size. Each gives the rows of one table.
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { message, start, stop } from '../processes.mjs'

const HOT = 20_000
const SIZE = 1024
const OUTSTANDING = 1000
const HOUR_MS = 3_600_000

/** Processes of one measurement, with a directory of their own that goes with them. */
async function withMembers (dir, names, fn) {
  const root = await mkdtemp(join(dir, 'skein-growth-'))
  const children = names.map(() => start(new URL('member.mjs', import.meta.url), {}))
  const members = children.map((child, i) => ({
    dir: join(root, names[i]),
    async ask (type, options = {}) {
      const told = message(child, 'answer', HOUR_MS)
      child.send({ type, ...options })
      const answer = await told
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer
    }
  }))
  try {
    return await fn(...members)
  } finally {
    for (const child of children) await stop(child)
    await rm(root, { recursive: true, force: true })
  }
}

/** Messages from one to another that has subscribed: seconds until all are acked, and what both used for each, µs. */
async function flow (from, to, options) {
  await to.ask('mark')
  const [sent, got] = await Promise.all([from.ask('publish', { size: SIZE, outstanding: OUTSTANDING, ...options }), to.ask('acked', { count: options.count })])
  return { perSecond: options.count / got.seconds, publisher: sent.cpu / options.count * 1e6, subscriber: got.cpu / options.count * 1e6 }
}

const mb = (bytes) => bytes / 2 ** 20

/** Logs: publishers times channels, known to a node that subscribes all of them. */
async function logs (dir, count) {
  const publishers = Math.max(1, count / 1000)
  const channels = count / publishers
  return await withMembers(dir, ['subscriber', 'hot', 'crowd'], async (subscriber, hot, crowd) => {
    const { addresses } = await subscriber.ask('open', { dataDir: subscriber.dir })
    await subscriber.ask('consume', { filter: '#', name: 'all' })
    let seconds = 0
    await subscriber.ask('mark')
    for (let i = 0; i < publishers; i++) {
      await crowd.ask('open', { dataDir: join(crowd.dir, `${i}`), bootstrap: addresses })
      await crowd.ask('publish', { topics: Array.from({ length: channels }, (_, k) => `c${k}/a`), count: channels, size: 100, outstanding: channels })
      seconds += (await subscriber.ask('acked', { count: (i + 1) * channels })).seconds
      await crowd.ask('close')
    }
    await hot.ask('open', { dataDir: hot.dir, bootstrap: addresses })
    await flow(hot, subscriber, { channel: 'c0', topics: 1, count: HOT / 4 })
    const one = await flow(hot, subscriber, { channel: 'c0', topics: 1, count: HOT })
    const idle = await subscriber.ask('idle', { seconds: 5 })
    const status = await subscriber.ask('status')
    const disk = await subscriber.ask('disk', { dir: subscriber.dir })
    await subscriber.ask('close')
    const again = await subscriber.ask('open', { dataDir: subscriber.dir, listen: ['/ip4/127.0.0.1/tcp/0'] })
    return { size: count, 'learnt, s': seconds, 'logs known': status.logs, 'messages/s': one.perSecond, 'subscriber, µs': one.subscriber, 'publisher, µs': one.publisher, 'idle, ms/s': idle.cpu * 1000, 'resident, MB': mb(status.rss), 'disk, MB': mb(disk.bytes), 'restart, ms': again.ms }
  })
}

/** Durable subscriptions of one node, each to a topic of its own; each message goes to one of them. */
async function subscriptions (dir, count) {
  return await withMembers(dir, ['publisher', 'subscriber'], async (publisher, subscriber) => {
    const { addresses } = await publisher.ask('open', { dataDir: publisher.dir })
    await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses })
    const made = await subscriber.ask('consumeEach', { from: 0, to: count })
    await flow(publisher, subscriber, { topics: count, count: HOT / 4 })
    const each = await flow(publisher, subscriber, { topics: count, count: HOT })
    const one = await flow(publisher, subscriber, { topics: 1, count: HOT })
    const idle = await subscriber.ask('idle', { seconds: 5 })
    const status = await subscriber.ask('status')
    await subscriber.ask('close')
    const again = await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses })
    return { size: count, 'made, ms each': made.ms / count, 'messages/s, to each in turn': each.perSecond, 'subscriber, µs': each.subscriber, 'publisher, µs': each.publisher, 'messages/s, to one of them': one.perSecond, 'subscriber, µs (one)': one.subscriber, 'idle, ms/s': idle.cpu * 1000, 'resident, MB': mb(status.rss), 'restart, ms': again.ms }
  })
}

/** Records in an outbox that a durable subscription elsewhere still has to get. */
async function backlog (dir, count) {
  const size = 100
  return await withMembers(dir, ['publisher', 'subscriber'], async (publisher, subscriber) => {
    const room = { retention: { bytes: 64 * 2 ** 30 }, custody: { bytes: 64 * 2 ** 30 } }
    let { addresses } = await publisher.ask('open', { dataDir: publisher.dir, ...room })
    await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses, ...room })
    await subscriber.ask('prepare', { filter: 'bench/#', name: 's0' })
    await subscriber.ask('close')
    // The last tenth, or all of it.
    const before = Math.floor(count * 0.9)
    await publisher.ask('publish', { topics: 1, count: before, size, outstanding: OUTSTANDING })
    const sent = await publisher.ask('publish', { topics: 1, count: count - before, size, outstanding: OUTSTANDING })
    const full = await publisher.ask('status')
    await publisher.ask('close')
    const disk = await publisher.ask('disk', { dir: publisher.dir })
    const again = await publisher.ask('open', { dataDir: publisher.dir, ...room })
    addresses = again.addresses
    await subscriber.ask('mark')
    await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses, ...room })
    await subscriber.ask('consume', { filter: 'bench/#', name: 's0' })
    const got = await subscriber.ask('acked', { count })
    const have = await subscriber.ask('status')
    const there = await subscriber.ask('disk', { dir: subscriber.dir })
    await subscriber.ask('close')
    const subscriberAgain = await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses, ...room })
    return {
      size: count, 'published/s, the last tenth': (count - before) / sent.seconds, 'publisher, µs': sent.cpu / (count - before) * 1e6, 'publisher, MB': mb(full.rss), 'disk, bytes a record': disk.bytes / count, 'publisher’s restart, ms': again.ms,
      'caught up/s': count / got.seconds, 'subscriber, µs': got.cpu / count * 1e6, 'subscriber, MB': mb(have.rss), 'its disk, bytes a record': there.bytes / count, 'its restart, ms': subscriberAgain.ms
    }
  })
}

/** Topics of one channel, all of which one durable subscription takes in. */
async function topics (dir, count) {
  return await withMembers(dir, ['publisher', 'subscriber'], async (publisher, subscriber) => {
    const { addresses } = await publisher.ask('open', { dataDir: publisher.dir })
    await subscriber.ask('open', { dataDir: subscriber.dir, bootstrap: addresses })
    await subscriber.ask('consume', { filter: 'bench/#', name: 'all' })
    // Each topic at least once.
    await flow(publisher, subscriber, { topics: count, count: Math.max(HOT, count), size: 100, shuffled: true })
    const many = await flow(publisher, subscriber, { topics: count, count: HOT * 2, shuffled: true })
    const a = await publisher.ask('status')
    const b = await subscriber.ask('status')
    return { size: count, 'messages/s': many.perSecond, 'publisher, µs': many.publisher, 'subscriber, µs': many.subscriber, 'publisher, MB': mb(a.rss), 'subscriber, MB': mb(b.rss) }
  })
}

export const parts = {
  logs: { title: 'Logs (publishers × channels; up to 1,000 there is one publisher)', sizes: [10, 100, 1_000, 10_000], full: [100_000], of: logs },
  subscriptions: { title: 'Durable subscriptions of a node', sizes: [1, 10, 100, 1_000], full: [], of: subscriptions },
  backlog: { title: 'Records of 100 B in an outbox that a subscription has still to get', sizes: [10_000, 100_000, 1_000_000], full: [10_000_000], of: backlog },
  topics: { title: 'Topics of a channel', sizes: [1, 10, 100, 1_000, 10_000, 100_000], full: [], of: topics }
}
