// npm run bench -- --alone [--size 100,1024,10240 --rounds 3 --seconds 3]
// Durable publish and end-to-end durable delivery between two processes, beside the limits of the same machine in the
// same run, taken in turn. Figures move with the machine; the ratios are what to look at.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, message, number, quantile, start, stop } from '../processes.mjs'
import { fileLimit, streamLimit } from './limits.mjs'

const { values } = parseArgs({ options: {
  size: { type: 'string', default: '100,1024,10240' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' },
  outstanding: { type: 'string', default: '1000' }, dir: { type: 'string', default: tmpdir() }
} })
const sizes = values.size.split(',').map(Number)
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const outstanding = Number(values.outstanding)

/** One cell: a publisher and a subscriber that acks everything. */
async function pair ({ size, count, rate = 0, until = 'local' }) {
  const dir = await mkdtemp(join(values.dir, 'skein-bench-'))
  const publisher = start(new URL('publisher.mjs', import.meta.url), { dataDir: join(dir, 'publisher'), bootstrap: [], count, size, outstanding, rate, until })
  let subscriber
  try {
    const { addresses } = await message(publisher, 'address')
    subscriber = start(new URL('subscriber.mjs', import.meta.url), { dataDir: join(dir, 'subscriber'), bootstrap: addresses, count, warmup: Math.max(1, Math.floor(count / 10)) })
    await message(subscriber, 'ready')
    const published = message(publisher, 'done')
    const received = message(subscriber, 'done')
    publisher.send({ type: 'go' })
    const [a, b] = await Promise.all([published, received])
    const latencies = message(subscriber, 'latencies')
    subscriber.send({ type: 'latencies' })
    const sorted = (await latencies).latencies.sort((x, y) => x - y)
    if (b.unique !== count) throw new Error(`${count - b.unique} of ${count} messages were lost`)
    const cpu = (a.cpu.user + a.cpu.system + b.cpu.user + b.cpu.system) / count
    return { publish: count / a.seconds, deliver: b.measured / b.seconds, p50: quantile(sorted, 0.5) / 1000, p99: quantile(sorted, 0.99) / 1000, confirm50: a.confirms[0] / 1000, cpu, rss: Math.max(a.rss, b.rss) / 2 ** 20 }
  } finally {
    await stop(publisher)
    if (subscriber !== undefined) await stop(subscriber)
    await rm(dir, { recursive: true, force: true })
  }
}

console.log(`Skein, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; ${rounds} rounds in turn, ${outstanding} outstanding; median [lowest–highest]\n`)
for (const size of sizes) {
  const count = Math.round(seconds * (size >= 8192 ? 8_000 : size >= 1000 ? 40_000 : 80_000))
  const rows = { 'file, fdatasync per group': [], 'raw libp2p stream': [], 'skein: durable publish (local)': [], 'skein: end to end, acked': [], 'skein: publish until stored:1': [] }
  const latency = []
  for (let round = 0; round < rounds; round++) {
    rows['file, fdatasync per group'].push(await fileLimit({ path: join(values.dir, `skein-bench-limit-${process.pid}`), size, outstanding, seconds: Math.min(seconds, 2) }))
    rows['raw libp2p stream'].push(await streamLimit({ size, seconds: Math.min(seconds, 2) }))
    const flat = await pair({ size, count })
    rows['skein: durable publish (local)'].push(flat.publish)
    rows['skein: end to end, acked'].push(flat.deliver)
    const stored = await pair({ size, count: Math.round(count / 2), until: 'stored' })
    rows['skein: publish until stored:1'].push(stored.publish)
    latency.push({ ...await pair({ size, count: Math.round(500 * seconds), rate: 500 }), cpuFlat: flat.cpu, rssFlat: flat.rss })
  }
  const limit = median(rows['file, fdatasync per group'])
  console.log(`${size} B`)
  for (const [name, list] of Object.entries(rows)) console.log(`  ${name.padEnd(32)} ${number(median(list)).padStart(10)}/s  [${number(Math.min(...list))}–${number(Math.max(...list))}]  ${number(median(list) / limit, 2)} × the file`)
  console.log(`  at 500/s: p50 ${number(median(latency.map(l => l.p50)), 2)} ms, p99 ${number(median(latency.map(l => l.p99)), 2)} ms, confirm p50 ${number(median(latency.map(l => l.confirm50)), 2)} ms; flat out: ${number(median(latency.map(l => l.cpuFlat)), 1)} µs of CPU a message (both processes), ${number(median(latency.map(l => l.rssFlat)))} MB\n`)
}
