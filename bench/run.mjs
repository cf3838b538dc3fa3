// npm run bench                     Skein beside what this machine has of its peers, a few minutes
// npm run bench -- --full           all sizes and workloads, five runs: an hour and more
// npm run bench -- --alone [...]    Skein beside the limits of the machine
// npm run bench -- --start [...]    from `node` to the first message, step by step, and the memory of an idle daemon
// npm run bench -- --hops [...]     what each relay on the way costs, and a mesh of 50 nodes
// npm run bench -- --growth [...]   what a message costs while logs, subscriptions, backlog and topics grow by tens
// npm run bench -- --steady [...]   an hour at a steady rate: memory, disk, latency, the event loop
// npm run bench -- --only … --work …  options of peers/bench.mjs (npm run bench -- --help)
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const args = process.argv.slice(2)
const run = (name, list) => new Promise(resolve => {
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...list], { stdio: 'inherit' })
  // The child gets the terminal's signal itself.
  process.on('SIGINT', () => {})
  child.on('close', (code, signal) => { resolve(signal === null ? code : 130) })
})
const without = (...names) => args.filter(arg => !names.includes(arg))

if (args.includes('--alone')) process.exit(await run('alone/run.mjs', without('--alone')))
if (args.includes('--start')) process.exit(await run('start/run.mjs', without('--start')))
if (args.includes('--growth')) process.exit(await run('growth/run.mjs', without('--growth')))
if (args.includes('--steady')) process.exit(await run('steady/run.mjs', without('--steady')))
if (args.includes('--hops')) process.exit(await run('hops/run.mjs', without('--hops')))
if (args.includes('--full')) process.exit(await run('peers/bench.mjs', ['--work', 'P1,P2,P3,P6,P7,P7pub,P8', '--size', '100,1024,10240', '--runs', '5', ...without('--full')]))
if (args.length > 0) process.exit(await run('peers/bench.mjs', args))

const installed = readdirSync(new URL('peers', import.meta.url)).includes('node_modules')
if (!installed) console.error('Only Skein and a bare socket: bench/peers/setup-peers.sh installs the peers.\n')
const systems = installed ? ['skein', 'nats', 'jetstream', 'redis@always', 'mosquitto', 'rabbitmq@quorum', 'zeromq@curve', 'tcp'] : ['skein', 'tcp']
process.exit(await run('peers/bench.mjs', ['--only', systems.join(','), '--work', 'P1,P2,P8', '--runs', '1', '--scale', '0.4']))
