/** Runs one seed after the other and tells of each: a line of JSON to whoever started it. */
import { pathToFileURL } from 'node:url'

const { file, from, step, seeds, untilMs, options } = JSON.parse(process.argv[2])
const { replayCommand, shrink, simulate } = await import(pathToFileURL(file).href)

let current = 0
process.on('uncaughtException', (error) => {
  process.stdout.write(`${JSON.stringify({ seed: current, ok: false, wrong: [`uncaught: ${error.stack}`], faults: [], shrunk: undefined })}\n`, () => { process.exit(1) })
})

for (let n = 0; n < seeds && Date.now() < untilMs; n++) {
  current = from + n * step
  const before = process.cpuUsage()
  const outcome = await simulate(current, options)
  const { user, system } = process.cpuUsage(before)
  const line = { seed: current, cpuMs: (user + system) / 1000, ok: outcome.ok, simulatedMs: outcome.simulatedMs, events: outcome.events, published: outcome.published }
  if (!outcome.ok) {
    const shrunk = options.noShrink ? { options, outcome, runs: 0 } : await shrink(outcome, options)
    Object.assign(line, { wrong: outcome.wrong, faults: outcome.faults, shrunk: { wrong: shrunk.outcome.wrong, faults: shrunk.outcome.faults, nodes: shrunk.outcome.nodes, replay: replayCommand(current, shrunk.options) } })
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
