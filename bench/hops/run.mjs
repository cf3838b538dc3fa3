// npm run bench -- --hops [--relays 0,1,3 --size 1024 --rounds 3 --seconds 3 --nodes 50 --processes 5 --rate 100]
// What each relay on the way costs, and a mesh of many nodes. A chain: publisher, relays and subscriber each know only the one before them, so that
// every message crosses each relay, which keeps it on its own disk too. A mesh: nodes in several processes, each linked to a few others, which all subscribe durably;
// one more publishes at a fixed rate.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, message, number, quantile, start, stop } from '../processes.mjs'

const { values } = parseArgs({ options: {
  relays: { type: 'string', default: '0,1,3' }, size: { type: 'string', default: '1024' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' },
  rate: { type: 'string', default: '100' }, nodes: { type: 'string', default: '50' }, processes: { type: 'string', default: '5' }, links: { type: 'string', default: '4' }, outstanding: { type: 'string', default: '1000' }, dir: { type: 'string', default: tmpdir() }
} })
const size = Number(values.size)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const outstanding = Number(values.outstanding)
const here = (name) => new URL(name, import.meta.url)

/** Messages through a chain with so many relays, as fast as they are confirmed or at a fixed rate. */
async function chain ({ relays, count, rate = 0 }) {
  const dir = await mkdtemp(join(values.dir, 'skein-hops-'))
  const children = []
  try {
    const publisher = start(here('../alone/publisher.mjs'), { dataDir: join(dir, 'publisher'), bootstrap: [], count, size, outstanding, rate, until: 'local' })
    children.push(publisher)
    let { addresses } = await message(publisher, 'address')
    const between = []
    for (let i = 0; i < relays; i++) {
      const relay = start(here('relay.mjs'), { dataDir: join(dir, `relay-${i}`), bootstrap: addresses })
      children.push(relay)
      between.push(relay)
      addresses = (await message(relay, 'address')).addresses
    }
    const subscriber = start(here('../alone/subscriber.mjs'), { dataDir: join(dir, 'subscriber'), bootstrap: addresses, count, warmup: Math.max(1, Math.floor(count / 10)) })
    children.push(subscriber)
    await message(subscriber, 'ready')
    // Everybody has heard of the subscription, and of who leads where.
    await new Promise(resolve => setTimeout(resolve, 1_500))
    const published = message(publisher, 'done')
    const received = message(subscriber, 'done')
    publisher.send({ type: 'go' })
    const [a, b] = await Promise.all([published, received])
    if (b.unique !== count) throw new Error(`${count - b.unique} of ${count} messages were lost`)
    const latencies = message(subscriber, 'latencies')
    subscriber.send({ type: 'latencies' })
    const sorted = (await latencies).latencies.sort((x, y) => x - y)
    let cpu = a.cpu.user + a.cpu.system + b.cpu.user + b.cpu.system
    for (const relay of between) {
      const told = message(relay, 'cpu')
      relay.send({ type: 'cpu' })
      const { cpu: used } = await told
      cpu += used.user + used.system
    }
    return { deliver: b.measured / b.seconds, p50: quantile(sorted, 0.5) / 1000, p99: quantile(sorted, 0.99) / 1000, cpu: cpu / count }
  } finally {
    for (const child of children) await stop(child)
    await rm(dir, { recursive: true, force: true })
  }
}

const loopbackBytes = () => Number(/lo:\s*(\d+)/.exec(readFileSync('/proc/net/dev', 'utf8'))?.[1] ?? Number.NaN)

async function mesh ({ nodes, processes, links, rate, count }) {
  const dir = await mkdtemp(join(values.dir, 'skein-mesh-'))
  const children = []
  try {
    const publisher = start(here('../alone/publisher.mjs'), { dataDir: join(dir, 'publisher'), bootstrap: [], count, size, outstanding, rate, until: 'local' })
    children.push(publisher)
    const known = [(await message(publisher, 'address')).addresses[0]]
    const members = []
    const each = Math.ceil(nodes / processes)
    for (let first = 0; first < nodes; first += each) {
      const child = start(here('members.mjs'), { dir, bootstraps: known, links, first, count: Math.min(each, nodes - first) })
      children.push(child)
      members.push(child)
      known.push(...(await message(child, 'ready')).addresses)
    }
    const ask = async (type, answer) => await Promise.all(members.map(async (child) => {
      const told = message(child, answer)
      child.send({ type })
      return await told
    }))
    await new Promise(resolve => setTimeout(resolve, 5_000))
    await ask('go', 'gone')
    const wireBefore = loopbackBytes()
    const published = message(publisher, 'done', 600_000)
    publisher.send({ type: 'go' })
    await published
    const want = count * nodes
    const deadline = performance.now() + 120_000
    let counts = await ask('count', 'count')
    while (counts.reduce((sum, { delivered }) => sum + delivered, 0) < want && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 200))
      counts = await ask('count', 'count')
    }
    const wire = loopbackBytes() - wireBefore
    const reports = await ask('report', 'report')
    const sum = (of) => reports.reduce((total, report) => total + of(report), 0)
    const latencies = reports.flatMap(report => report.latencies).sort((a, b) => a - b)
    const peers = counts.flatMap(({ peers: list }) => list)
    return {
      delivered: sum(r => r.delivered) / want, p50: quantile(latencies, 0.5) / 1000, p99: quantile(latencies, 0.99) / 1000, wire: wire / sum(r => r.bytes),
      cpuMs: sum(r => r.cpu.user + r.cpu.system) / 1000 / nodes, mb: sum(r => r.rss) / nodes / 2 ** 20, links: peers.reduce((a, b) => a + b, 0) / peers.length, seconds: count / rate
    }
  } finally {
    for (const child of children) await stop(child)
    await rm(dir, { recursive: true, force: true })
  }
}

console.log(`Skein, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; ${size} B, ${rounds} rounds in turn; median [lowest–highest]\n`)
const lists = new Map(values.relays.split(',').map(relays => [Number(relays), { flat: [], paced: [] }]))
for (let round = 0; round < rounds; round++) {
  for (const [relays, list] of lists) {
    list.flat.push(await chain({ relays, count: Math.round(seconds * 30_000) }))
    list.paced.push(await chain({ relays, count: Math.round(seconds * 200), rate: 200 }))
  }
}
const spread = (list, digits) => `${number(median(list), digits)} [${number(Math.min(...list), digits)}–${number(Math.max(...list), digits)}]`
if (rounds > 0) console.log('| relays | messages/s, end to end, acked | CPU a message, all processes, µs | at 200/s, p50, ms | p99, ms |\n| --- | --- | --- | --- | --- |')
if (rounds > 0) for (const [relays, { flat, paced }] of lists) console.log(`| ${relays} | ${spread(flat.map(r => r.deliver))} | ${spread(flat.map(r => r.cpu), 1)} | ${spread(paced.map(r => r.p50), 1)} | ${spread(paced.map(r => r.p99), 1)} |`)

const nodes = Number(values.nodes)
if (nodes > 0) {
  const rate = Number(values.rate)
  const m = await mesh({ nodes, processes: Number(values.processes), links: Number(values.links), rate, count: Math.round(rate * Math.max(5, seconds)) })
  console.log(`\n${nodes} nodes in ${values.processes} processes, ${number(m.links, 1)} links each, ${rate}/s for ${number(m.seconds)} s`)
  console.log(`delivered ${number(m.delivered * 100, 2)} %; p50 ${number(m.p50, 1)} ms, p99 ${number(m.p99, 1)} ms; ${number(m.wire, 1)} bytes on the wire for each delivered one; ${number(m.cpuMs)} ms of CPU and ${number(m.mb, 1)} MB resident a node`)
}
