/** What the person sees: a progress bar on a terminal, plain lines elsewhere, and a table in the end. */
const BAR_WIDTH = { min: 4, max: 30 }
const PLAIN_MS = 2_000

export class Screen {
  #out
  #live = ''
  #lastPlainMs = -Infinity

  constructor (out = process.stdout) { this.#out = out }

  /** A line that stays. */
  say (text) {
    this.#clear()
    this.#out.write(`${text}\n`)
    this.#redraw()
  }

  /** How far things are, from 0 to 1. */
  progress (fraction, text) {
    const percent = `${Math.floor(fraction * 100)} %`.padStart(5)
    if (!this.#out.isTTY) {
      const nowMs = performance.now()
      if (nowMs - this.#lastPlainMs < PLAIN_MS) return
      this.#lastPlainMs = nowMs
      this.#out.write(`${percent}  ${text}\n`)
      return
    }
    this.#clear()
    const columns = this.#out.columns - 1
    const width = Math.max(BAR_WIDTH.min, Math.min(BAR_WIDTH.max, columns - percent.length - text.length - 3))
    const filled = Math.round(fraction * width)
    // A line that is wider than the terminal could not be taken back.
    this.#live = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent}  ${text}`.slice(0, columns)
    this.#redraw()
  }

  /** The bar goes. */
  end () {
    this.#clear()
    this.#live = ''
  }

  #clear () { if (this.#live !== '') this.#out.write('\r\x1b[2K') }
  #redraw () { if (this.#live !== '') this.#out.write(this.#live) }
}

/** One row an origin. Of many rows, the busiest and each that differs. */
export function comparisonTable ({ expected, actual, rowsMax }) {
  const none = { flights: 0, delay: 0 }
  const rows = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    .map(origin => {
      const file = expected[origin] ?? none
      const mesh = actual[origin] ?? none
      return { origin, file, mesh, equal: file.flights === mesh.flights && file.delay === mesh.delay }
    })
    .sort((a, b) => b.file.flights - a.file.flights || a.origin.localeCompare(b.origin))
  const shown = rows.filter((row, i) => i < rowsMax || !row.equal)
  const sum = side => rows.reduce((total, row) => ({ flights: total.flights + row[side].flights, delay: total.delay + row[side].delay }), none)
  const equal = rows.every(row => row.equal)
  const all = { origin: 'all', file: sum('file'), mesh: sum('mesh'), equal }
  const left = rows.length - shown.length
  const lines = [
    line(['origin', 'flights (file)', 'flights (mesh)', 'delay, min (file)', 'delay, min (mesh)', 'equal?']),
    ...shown.map(cells).map(line),
    ...(left === 0 ? [] : [`  … and ${left} more origins, all equal`]),
    line(cells(all))
  ]
  return { lines, equal, origins: rows.length }
}

const cells = ({ origin, file, mesh, equal }) => [origin, ...[file.flights, mesh.flights, file.delay, mesh.delay].map(n => n.toLocaleString('en')), equal ? 'yes' : 'NO']

const WIDTHS = [-8, 14, 15, 18, 18, 7]
const line = values => `  ${values.map((value, i) => WIDTHS[i] < 0 ? value.padEnd(-WIDTHS[i]) : value.padStart(WIDTHS[i])).join('')}`
