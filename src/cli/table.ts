/** Rows as a table: columns as wide as their widest cell, numbers to the right, with a dim heading on a terminal. */
import { printable, type Output } from './output.js'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string | number
}

export async function writeTable<T> (out: Output, columns: ReadonlyArray<Column<T>>, rows: readonly T[]): Promise<void> {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const texts = cells.map((row) => row.map((cell) => printable(String(cell))))
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...texts.map((row) => width(row[i] ?? ''))))
  const right = columns.map((_, i) => cells.length > 0 && cells.every((row) => typeof row[i] === 'number'))
  const lay = (row: readonly string[]): string => row.map((text, i) => {
    const padding = ' '.repeat((widths[i] ?? 0) - width(text))
    return right[i] === true ? padding + text : text + padding
  }).join('  ').trimEnd()
  const heading = lay(columns.map(({ title }) => title))
  const lines = [out.colours ? `\u001b[2m${heading}\u001b[22m` : heading, ...texts.map(lay)]
  await out.write(`${lines.join('\n')}\n`)
}

const width = (text: string): number => Array.from(text).length

export const formatTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+Z$/, 'Z')
