// npm run bench -- --steady [--minutes 60 --rate 30000 --size 1024 --retention 268435456 --every 60 --dir DIR --out FILE]
// A publisher and a durable subscriber at a steady rate: memory, disk, latency and the delay of the event loop, in each interval.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, message, number, start, stop } from '../processes.mjs'

const { values } = parseArgs({ options: {
  minutes: { type: 'string', default: '60' }, rate: { type: 'string', default: '30000' }, size: { type: 'string', default: '1024' }, retention: { type: 'string', default: String(256 * 2 ** 20) },
  outstanding: { type: 'string', default: '4000' }, every: { type: 'string', default: '60' }, dir: { type: 'string', default: tmpdir() }, out: { type: 'string' }
} })
const every = Number(values.every)
const intervals = Math.round(Number(values.minutes) * 60 / every)
const retention = { bytes: Number(values.retention) }
const here = (name) => new URL(name, import.meta.url)
const diskOf = (dir) => Number(spawnSync('du', ['-s', '-B1', dir], { encoding: 'utf8' }).stdout.split('\t')[0])
const mb = (bytes) => number(bytes / 2 ** 20)

const dir = await mkdtemp(join(values.dir, 'skein-steady-'))
const children = []
const ask = async (child) => {
  const told = message(child, 'report')
  child.send({ type: 'report' })
  return await told
}
const interrupted = () => { for (const child of children) child.kill(); void rm(dir, { recursive: true, force: true }).then(() => { process.exit(130) }) }
process.once('SIGINT', interrupted)
process.once('SIGTERM', interrupted)
const rows = []
try {
  const publisher = start(here('publisher.mjs'), { dataDir: join(dir, 'publisher'), retention, size: Number(values.size), rate: Number(values.rate), outstanding: Number(values.outstanding) })
  children.push(publisher)
  const { addresses } = await message(publisher, 'address')
  const subscriber = start(here('subscriber.mjs'), { dataDir: join(dir, 'subscriber'), bootstrap: addresses, retention })
  children.push(subscriber)
  await message(subscriber, 'ready')
  console.log(`Skein, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; ${values.size} B at ${number(Number(values.rate))}/s, at most ${mb(retention.bytes)} MiB of a channel kept\n`)
  console.log('| min | delivered/s | behind | confirm p50 / p99, ms | end to end p50 / p99, ms | event loop p99 / most, ms: publisher | subscriber | memory and mapped file, MB: publisher | subscriber | disk, MB: publisher | subscriber | CPU |')
  console.log('| --- '.repeat(12) + '|')
  publisher.send({ type: 'go' })
  await Promise.all([ask(publisher), ask(subscriber)])
  let before = 0
  let at = performance.now()
  for (let i = 1; i <= intervals; i++) {
    await new Promise(resolve => setTimeout(resolve, every * 1000))
    const [p, s] = await Promise.all([ask(publisher), ask(subscriber)])
    const seconds = (performance.now() - at) / 1000
    at = performance.now()
    const row = { minute: i * every / 60, rate: (s.delivered - before) / seconds, behind: p.confirmed - s.acked, p, s, disk: [diskOf(join(dir, 'publisher')), diskOf(join(dir, 'subscriber'))] }
    before = s.delivered
    rows.push(row)
    console.log(`| ${number(row.minute, every < 60 ? 1 : 0)} | ${number(row.rate)} | ${number(row.behind)} | ${number(p.p50, 2)} / ${number(p.p99, 1)} | ${number(s.p50, 2)} / ${number(s.p99, 1)} | ${number(p.loopP99, 1)} / ${number(p.loopMax)} | ${number(s.loopP99, 1)} / ${number(s.loopMax)} | ${mb(p.own)} + ${mb(p.rss - p.own)} | ${mb(s.own)} + ${mb(s.rss - s.own)} | ${mb(row.disk[0])} | ${mb(row.disk[1])} | ${number((p.cpu + s.cpu) / seconds, 2)} |`)
    if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(rows, undefined, 1))
  }
  const ended = message(publisher, 'ended')
  publisher.send({ type: 'end' })
  const { published } = await ended
  const deadline = performance.now() + 60_000
  let last = await ask(subscriber)
  while (last.acked < published && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 100))
    last = await ask(subscriber)
  }
  const third = Math.max(1, Math.floor(rows.length / 3))
  const grown = (of) => median(rows.slice(-third).map(of)) / median(rows.slice(0, third).map(of))
  console.log(`\n${number(published)} published, ${number(last.delivered)} delivered, ${number(last.acked)} acked, ${number(last.outOfOrder)} out of order or twice.`)
  console.log(`Last third of the time against the first: memory × ${number(grown(r => r.p.own), 2)} and × ${number(grown(r => r.s.own), 2)}, disk × ${number(grown(r => r.disk[0]), 2)} and × ${number(grown(r => r.disk[1]), 2)}.`)
  console.log(`Event loop, median of the p99 of each interval: ${number(median(rows.map(r => r.p.loopP99)), 1)} ms and ${number(median(rows.map(r => r.s.loopP99)), 1)} ms; the worst ${number(Math.max(...rows.map(r => r.p.loopP99)), 1)} ms and ${number(Math.max(...rows.map(r => r.s.loopP99)), 1)} ms.`)
  process.exitCode = last.acked === published && last.outOfOrder === 0 ? 0 : 1
} finally {
  for (const child of children) await stop(child)
  await rm(dir, { recursive: true, force: true })
}
