#!/usr/bin/env node
/** The `skein-check` command. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CLOCK_SKEW_MS } from './checker.js'
import { checkFiles } from './files.js'
import { Unreadable } from './lines.js'
import { report } from './report.js'

const HELP = `skein-check FILE…

Reads the histories of one trial, a file of JSON lines each, and says whether what they tell keeps the promises of Skein.
How histories are written, and what is checked: docs/histories.md.

  --at-rest            the files end when nothing is under way any more, as if each ended with {"type":"rest"}
  --clock-skew SECONDS how far apart the clocks of the nodes may be (default ${CLOCK_SKEW_MS / 1000})
  --json               the verdict as one JSON object
  -h, --help           this text
  -V, --version        the version

Exit status: 0 valid, 1 invalid, 2 usage or a file that cannot be read, 3 unknown.
`

const STATUS = { valid: 0, invalid: 1, unknown: 3 } as const
const USAGE = 2

class Usage extends Error {}

interface Words { readonly values: { readonly 'at-rest'?: boolean, readonly 'clock-skew'?: string, readonly json?: boolean, readonly help?: boolean, readonly version?: boolean }, readonly positionals: string[] }

function parseWords (words: readonly string[]): Words {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { 'at-rest': { type: 'boolean' }, 'clock-skew': { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } }
    })
  } catch (error) {
    throw new Usage((error as Error).message)
  }
}

function skewOf (text: string | undefined): number {
  if (text === undefined) return CLOCK_SKEW_MS
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!Number.isFinite(seconds)) throw new Usage(`--clock-skew takes a number of seconds, not ${JSON.stringify(text)}`)
  return seconds * 1000
}

/** Returns what is printed and the exit status. */
function run (words: readonly string[]): { text: string, status: number } {
  const { values, positionals } = parseWords(words)
  if (values.help === true) return { text: HELP, status: 0 }
  if (values.version === true) {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    return { text: `${version}\n`, status: 0 }
  }
  if (positionals.length === 0) throw new Usage('which files?')
  const twice = positionals.find((path, i) => positionals.findIndex(other => resolve(other) === resolve(path)) !== i)
  if (twice !== undefined) throw new Usage(`${twice} is given twice`)
  const verdict = checkFiles(positionals, { atRest: values['at-rest'] === true, clockSkewMs: skewOf(values['clock-skew']) })
  return { text: values.json === true ? `${JSON.stringify(verdict)}\n` : report(verdict), status: STATUS[verdict.verdict] }
}

/** A reader that has gone is no error. */
const quiet = (error: NodeJS.ErrnoException): void => { if (error.code !== 'EPIPE') throw error }
process.stdout.on('error', quiet)
process.stderr.on('error', quiet)

try {
  const { text, status } = run(process.argv.slice(2))
  process.exitCode = status
  process.stdout.write(text)
} catch (error) {
  if (!(error instanceof Usage) && !(error instanceof Unreadable)) throw error
  process.exitCode = USAGE
  process.stderr.write(`skein-check: ${error.message}\n${error instanceof Usage ? 'See skein-check --help.\n' : ''}`)
}
