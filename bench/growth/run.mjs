// npm run bench -- --growth [--full] [--only logs,subscriptions,backlog,topics] [--sizes 10,1000] [--dir DIR] [--out FILE]
// Cost of a message and memory while one thing grows by tens: does it stay flat? `--full`: the largest sizes too.
// Peers: npm run simulate -- --scale 10,30,100,300,1000
import { writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { number } from '../processes.mjs'
import { parts } from './parts.mjs'

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, only: { type: 'string', default: Object.keys(parts).join(',') }, sizes: { type: 'string' }, dir: { type: 'string', default: tmpdir() }, out: { type: 'string' } } })
const figure = (value) => number(value, value < 100 && !Number.isInteger(value) ? 1 : 0)
const results = {}

console.log(`Skein, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; 1 KB unless it says otherwise, processor of each process for each message`)
for (const name of values.only.split(',')) {
  const part = parts[name]
  if (part === undefined) {
    console.error(`There is no part ${name}. It is one of ${Object.keys(parts).join(', ')}.`)
    process.exit(2)
  }
  const sizes = values.sizes?.split(',').map(Number) ?? [...part.sizes, ...(values.full ? part.full : [])]
  console.log(`\n${part.title}\n`)
  results[name] = []
  for (const size of sizes) {
    const row = await part.of(values.dir, size)
    if (results[name].length === 0) console.log(`| ${Object.keys(row).join(' | ')} |\n|${' --- |'.repeat(Object.keys(row).length)}`)
    console.log(`| ${Object.values(row).map(figure).join(' | ')} |`)
    results[name].push(row)
    if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(results, undefined, 1))
  }
}
