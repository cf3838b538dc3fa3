/** Reads a configuration file: YAML (so JSON too), checked against the schema, with the line of whatever is wrong. */
import { readFileSync, statSync } from 'node:fs'
import type { ErrorObject } from 'ajv'
import type { Document, LineCounter } from 'yaml'
import { SkeinError } from '../base/errors.js'
import { CONFIG_SCHEMA, type ConfigFile } from './config-schema.js'
import { didYouMeanHint } from './did-you-mean.js'

/** A configuration is a page of text; a larger file is some other file. */
const CONFIG_BYTES_MAX = 1024 * 1024

type Path = Array<string | number>

export interface LoadedConfig {
  readonly path: string
  readonly values: ConfigFile
  /** `FILE:LINE` of a key. */
  place (path: Path): string
}

export async function loadConfigFile (path: string): Promise<LoadedConfig> {
  const text = readText(path)
  const { LineCounter, parseDocument } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 100 } as Parameters<typeof parseDocument>[1])
  const syntaxError = document.errors[0]
  if (syntaxError !== undefined) {
    const line = syntaxError.linePos?.[0].line
    const message = (syntaxError.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
    throw new SkeinError('ERR_BAD_CONFIG', `${path}${line === undefined ? '' : `:${line}`}: ${message}`, { hint: 'The file must be YAML.' })
  }
  const place = (at: Path): string => {
    const line = lineOf(document, lines, at)
    return line === undefined ? path : `${path}:${line}`
  }
  const values: unknown = toValue(document, path) ?? {}
  const { Ajv } = await import('ajv')
  const validate = new Ajv({ allErrors: true, verbose: true }).compile<ConfigFile>(CONFIG_SCHEMA)
  if (!validate(values)) throw explain(validate.errors ?? [], place)
  return { path, values, place }
}

function readText (path: string): string {
  try {
    const { size } = statSync(path)
    if (size > CONFIG_BYTES_MAX) throw new SkeinError('ERR_BAD_CONFIG', `${path}: ${size} bytes are too many for a configuration file`, { hint: 'At most 1 MiB.' })
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof SkeinError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new SkeinError('ERR_BAD_CONFIG', `cannot read the configuration file ${path}: ${code ?? String(error)}`, {
      hint: code === 'ENOENT' ? 'There is no such file.' : 'It must be a file that this user can read.',
      cause: error
    })
  }
}

function toValue (document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new SkeinError('ERR_BAD_CONFIG', `${path}: ${(error as Error).message}`, { cause: error })
  }
}

function explain (errors: readonly ErrorObject[], place: (path: Path) => string): SkeinError {
  // An unknown key explains other errors better than they explain themselves; a failed alternative says least.
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? errors.find(({ keyword }) => keyword === 'anyOf') ?? errors[0]
  if (error === undefined) return new SkeinError('ERR_BAD_CONFIG')
  const path: Path = error.instancePath.split('/').slice(1).map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty'])
    const known = Object.keys(error.parentSchema?.['properties'] as object)
    return new SkeinError('ERR_BAD_CONFIG', `${place([...path, key])}: unknown key '${[...path, key].join('.')}'`, {
      hint: didYouMeanHint(key, known, `Known keys: ${known.join(', ')}.`)
    })
  }
  const name = path.length === 0 ? 'the file' : `'${path.join('.')}'`
  const description = error.parentSchema?.['description'] as string | undefined
  if (error.keyword === 'enum') {
    const allowed = error.params['allowedValues'] as readonly string[]
    return new SkeinError('ERR_BAD_CONFIG', `${place(path)}: ${name} is ${JSON.stringify(error.data)}`, {
      hint: didYouMeanHint(String(error.data), allowed, `Use one of ${allowed.join(', ')}.`)
    })
  }
  const problem = error.keyword === 'pattern' || error.keyword === 'anyOf' ? `is ${JSON.stringify(error.data)}, which does not fit` : error.message ?? 'does not fit'
  return new SkeinError('ERR_BAD_CONFIG', `${place(path)}: ${name} ${problem}`, { ...(description === undefined ? {} : { hint: description }) })
}

function lineOf (document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) as { items?: unknown[] } | undefined
    const last = path[length - 1]
    const pair = parent?.items?.find((item) => String((item as { key?: { value?: unknown } } | null)?.key?.value) === String(last)) as { key?: { range?: number[] } } | undefined
    const item = pair?.key ?? (document.getIn(path.slice(0, length), true) as { range?: number[] } | undefined)
    const start = item?.range?.[0]
    if (start !== undefined) return lines.linePos(start).line
  }
  return undefined
}
