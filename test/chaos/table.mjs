import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What each history counts. */
async function countHistory (path) {
  const counts = { lives: 0, ok: 0, refused: 0, unknown: 0, deliver: 0, ack: 0, dead: 0, gap: 0 }
  const open = new Set()
  for await (const line of createInterface({ input: createReadStream(path) })) {
    let event
    try { event = JSON.parse(line) } catch { continue }
    if (event.type === 'start') counts.lives++
    else if (event.type === 'publish') open.add(`${counts.lives} ${event.op}`)
    else if (event.type === 'published') {
      open.delete(`${counts.lives} ${event.op}`)
      counts[event.outcome]++
    } else if (event.type in counts) counts[event.type]++
  }
  counts.unknown += open.size
  return counts
}

/** A table of what happened: a row for each node, then the faults. */
export async function table (trial) {
  const head = ['node', 'kind', 'lives', 'published', 'refused', 'unknown', 'delivered', 'acked', 'gaps']
  const rows = await Promise.all(trial.members.map(async ({ setup }) => {
    const { lives, ok, refused, unknown, deliver, ack, gap } = await countHistory(setup.history)
    return [setup.name, setup.kind, lives, ok, refused, unknown, deliver, ack, gap].map(String)
  }))
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i].length)))
  const line = (row) => row.map((cell, i) => i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ')
  const faults = Object.entries(trial.counts).map(([kind, n]) => `${n} ${kind}`).join(', ') || 'none'
  return [line(head), ...rows.map(line), `faults in ${Math.round(trial.tormentMs / 1000)} s on ${trial.ground.name}: ${faults}`, trial.restMs === undefined ? 'not at rest' : `at rest ${(trial.restMs / 1000).toFixed(1)} s after healing`].join('\n')
}
