/** Reads a configuration file: YAML (so JSON too), checked against the schema, with the line of whatever is wrong. */
import { readFileSync, statSync } from 'node:fs'
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Document, LineCounter, visit as Visit } from 'yaml'
import { SkeinError } from '../base/errors.js'
import { CONFIG_SCHEMA, type ConfigFile } from './config-schema.js'
import { didYouMeanHint } from './did-you-mean.js'
import { formatBytes } from './duration.js'

/** A configuration is a page of text; a larger file is some other file. */
const CONFIG_BYTES_MAX = 1024 * 1024
/** A configuration has five levels. A parser that calls itself for each of thousands runs out of stack, where the process may end without an error. */
const CONFIG_NESTING_MAX = 64
/** Of what does not fit so much is shown. */
const SHOWN_CHARACTERS_MAX = 200

type Path = Array<string | number>

export interface LoadedConfig {
  readonly path: string
  readonly values: ConfigFile
  /** `FILE:LINE` of a key. */
  place (path: Path): string
}

export async function loadConfigFile (path: string): Promise<LoadedConfig> {
  const text = readText(path)
  if (nestsTooDeep(text)) throw new SkeinError('ERR_BAD_CONFIG', `${path}: it is nested too deep for a configuration file`, { hint: 'It has at most five levels.' })
  const { LineCounter, parseDocument, visit } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 100, logLevel: 'error' } as Parameters<typeof parseDocument>[1])
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
  const values: unknown = toValue(document, path, () => {
    const at = strayAlias(document, visit)
    return at === undefined ? path : `${path}:${lines.linePos(at).line}`
  }) ?? {}
  const validate = await validator()
  if (!validate(values)) throw explain(validate.errors ?? [], place)
  return { path, values, place }
}

let compiled: ValidateFunction<ConfigFile> | undefined

async function validator (): Promise<ValidateFunction<ConfigFile>> {
  const { Ajv } = await import('ajv')
  return compiled ??= new Ajv({ allErrors: true, verbose: true }).compile<ConfigFile>(CONFIG_SCHEMA)
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

/** Brackets that are open at once, or indicators and spaces that a line begins with: at least as many as there are levels. */
function nestsTooDeep (text: string): boolean {
  let open = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1)
    if (open > CONFIG_NESTING_MAX) return true
  }
  return (text.match(/^[-?: \t]+/gm) ?? []).some(({ length }) => length > CONFIG_NESTING_MAX * 2)
}

function shown (text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text
}

function shownJson (value: unknown): string {
  try {
    return shown(JSON.stringify(value) ?? String(value))
  } catch {
    // An alias within its own anchor.
    return 'a value that contains itself'
  }
}

function toValue (document: Document, path: string, placeOfAlias: () => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    const { message } = error as Error
    // Else there are too many of them, for which no one line is to blame.
    if (!message.startsWith('Unresolved alias')) throw new SkeinError('ERR_BAD_CONFIG', `${path}: ${shown(message)}`, { cause: error })
    throw new SkeinError('ERR_BAD_CONFIG', `${placeOfAlias()}: ${shown(message)}`, { hint: 'An alias, *name, stands for what is marked with &name before it; a text that begins with * needs quotes.', cause: error })
  }
}

/** Where the first alias stands whose anchor is not before it. In one walk, since a file may have many. */
function strayAlias (document: Document, visit: typeof Visit): number | undefined {
  const anchors = new Set<string>()
  let at: number | undefined
  visit(document, {
    Node: (_, node) => { if ('anchor' in node && node.anchor !== undefined) anchors.add(node.anchor) },
    Alias: (_, alias) => {
      if (anchors.has(alias.source)) return undefined
      at = alias.range?.[0]
      return visit.BREAK
    }
  })
  return at
}

function explain (errors: readonly ErrorObject[], place: (path: Path) => string): SkeinError {
  // An unknown key explains other errors better than they explain themselves; a failed alternative says least.
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? errors.find(({ keyword }) => keyword === 'anyOf') ?? errors[0]
  if (error === undefined) return new SkeinError('ERR_BAD_CONFIG')
  const path: Path = error.instancePath.split('/').slice(1).map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty'])
    const known = Object.keys(error.parentSchema?.['properties'] as object)
    return new SkeinError('ERR_BAD_CONFIG', `${place([...path, key])}: unknown key '${shown([...path, key].join('.'))}'`, {
      hint: didYouMeanHint(key, known, `Known keys: ${known.join(', ')}.`)
    })
  }
  const description = error.parentSchema?.['description'] as string | undefined
  const problem = `${place(path)}: ${nameOf(path, error)} ${faultOf(error)}`
  if (error.keyword === 'enum') {
    const allowed = error.params['allowedValues'] as readonly string[]
    return new SkeinError('ERR_BAD_CONFIG', problem, { hint: didYouMeanHint(String(error.data), allowed, description) })
  }
  return new SkeinError('ERR_BAD_CONFIG', problem, { ...(description === undefined ? {} : { hint: description }) })
}

function nameOf (path: Path, { propertyName }: ErrorObject): string {
  if (propertyName !== undefined) return `a name in '${shown(path.join('.'))}'`
  const last = String(path.at(-1) ?? '')
  if (path.length === 0) return 'the file'
  return /^\d+$/.test(last) && path.length === 2 ? `entry ${Number(last) + 1} of '${path[0]}'` : `'${shown(path.join('.'))}'`
}

/** What was found, and what should be there, as somebody would say it. */
function faultOf ({ keyword, params, data, parentSchema, instancePath }: ErrorObject): string {
  switch (keyword) {
    case 'minLength': return 'is empty'
    case 'maxLength': return `is longer than ${params['limit']} characters`
    case 'maxItems': return `has more than ${params['limit']} entries`
    case 'maxProperties': return `has more than ${params['limit']} names`
  }
  const expected = expectedOf(parentSchema as ConfigSchema)
  if (instancePath === '') return `is ${Array.isArray(data) ? 'a list' : shownJson(data)}; it should be ${expected}`
  return data === null ? `has no value; it should be ${expected}` : `is ${shownJson(data)}; it should be ${expected}`
}

interface ConfigSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly pattern?: string
  readonly anyOf?: readonly ConfigSchema[]
  readonly examples?: readonly unknown[]
}

function expectedOf ({ type, enum: allowed, pattern, anyOf, minimum, examples }: ConfigSchema): string {
  if (allowed !== undefined) return allowed.length === 1 ? String(allowed[0]) : `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`
  if (anyOf !== undefined) return `a size of at least ${formatBytes(anyOf[0]?.minimum ?? 1).replace(' ', '')}: bytes, or a number with a unit such as 64KiB, 1MiB, 1GiB`
  if (pattern !== undefined) return 'a duration: a number with a unit, such as 500ms, 10s, 2m, 1h, 7d'
  switch (type) {
    case 'boolean': return 'true or false'
    case 'integer': return `a whole number${minimum === undefined ? '' : ` of at least ${minimum}`}`
    case 'array': return 'a list'
    case 'object': return `keys with values, such as ${asYaml(examples?.[0])}`
    default: return 'a text'
  }
}

function asYaml (value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value).map(([key, of]) => `${key}: ${typeof of === 'object' ? `{ ${asYaml(of)} }` : String(of)}`).join(', ')
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
