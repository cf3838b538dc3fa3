/**
 * The house rules that a compiler does not know: imports point down the table of docs/architecture.md, files import each
 * other in no circle, and the rooms that decide read no clock, set no timer and draw no random number of their own.
 *
 * Every import counts for the table, since a room that knows another's types depends on it. For circles only those count that are
 * resolved before a file runs: of a type-only import nothing is left at run time, and an `import()` waits until everything is there.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
/** Rooms of decision cores: time and chance are given to them. */
const CORES = ['message', 'outbox', 'inbox', 'repair', 'directory']
/** Files that other tools write. */
const GENERATED = ['message/wire.ts', 'network/hello.ts']

type Files = ReadonlyMap<string, string>
type Table = ReadonlyMap<string, ReadonlySet<string>>

interface Import {
  readonly specifier: string
  /** Resolved before the file itself runs: neither a type nor an `import()`. */
  readonly static: boolean
}

/** The source without comments; strings stay, since imports are strings. */
function withoutComments (source: string): string {
  return source.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, token => token.startsWith('/') ? ' ' : token)
}

/** The source without comments and without what its plain strings say. Templates stay: code stands in them. */
function withoutStrings (source: string): string {
  return withoutComments(source).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}

function importsOf (source: string): Import[] {
  const code = withoutComments(source)
  const found: Import[] = []
  for (const [, type, specifier = ''] of code.matchAll(/(?:^|[\n;])\s*(?:import|export)\s+(type\s+(?!from\b))?(?:[\w*$\s{},]+?\s+from\s+)?'([^'\n]+)'/g)) found.push({ specifier, static: type === undefined })
  for (const [, specifier = ''] of code.matchAll(/\bimport\s*\(\s*'([^'\n]+)'\s*\)/g)) found.push({ specifier, static: false })
  return found
}

const roomOf = (file: string): string => file.includes('/') ? file.slice(0, file.indexOf('/')) : file

/** The file of src/ that a specifier means; undefined for a package. */
function targetOf (file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
}

function strayImports (files: Files, table: Table): string[] {
  const faults: string[] = []
  for (const [file, source] of files) {
    const room = roomOf(file)
    const allowed = table.get(room)
    if (allowed === undefined) {
      faults.push(`${file}: the room ${room} is not in the table`)
      continue
    }
    for (const { specifier } of importsOf(source)) {
      const target = targetOf(file, specifier)
      if (target === undefined) continue
      if (!files.has(target)) faults.push(`${file}: there is no ${target}`)
      else if (roomOf(target) !== room && !allowed.has(roomOf(target))) faults.push(`${file} imports ${target}`)
    }
  }
  return faults
}

function circles (files: Files): string[] {
  const faults: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      faults.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    state.set(file, 'open')
    for (const imported of importsOf(files.get(file) ?? '')) {
      const target = targetOf(file, imported.specifier)
      if (imported.static && target !== undefined && files.has(target)) visit(target, [...path, file])
    }
    state.set(file, 'done')
  }
  for (const file of files.keys()) visit(file, [])
  return faults
}

const IMPURE = /\bDate\.now\b|\bnew Date\s*\(\s*\)|\bDate\(\)|\bperformance\s*\.|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bprocess\.(?:nextTick|hrtime|env)\b|\bMath\.random\b|\b(?:randomBytes|randomUUID|randomInt|getRandomValues)\b/g
/** Of Node's modules a core may have hashing: the same bytes always give the same hash. */
const PURE_MODULES = ['node:crypto']

function impurities (files: Files): string[] {
  const faults: string[] = []
  for (const [file, source] of files) {
    if (!CORES.includes(roomOf(file)) || GENERATED.includes(file)) continue
    for (const [token] of withoutStrings(source).matchAll(IMPURE)) faults.push(`${file} uses ${token}`)
    for (const { specifier } of importsOf(source)) {
      if (specifier.startsWith('node:') && !PURE_MODULES.includes(specifier)) faults.push(`${file} imports ${specifier}`)
    }
  }
  return faults
}

/** Functions, classes and types of `src/` that no other file knows: those that are exported to nobody, and types that are not even used where they stand. Constants have a page of their own. */
function deadExports (files: Files, outside: readonly string[]): string[] {
  const words = new Map([...files].map(([file, source]) => [file, new Set(withoutComments(source).match(/[\w$]+/g))]))
  const known = new Set(outside.flatMap(source => source.match(/[\w$]+/g) ?? []))
  const faults: string[] = []
  for (const [file, source] of files) {
    if (GENERATED.includes(file)) continue
    const code = withoutComments(source)
    for (const [, kind = '', name = ''] of code.matchAll(/^export (?:abstract |async )*(function\b\s*\*?|class|interface|type|const)\s*([\w$]*[a-z][\w$]*)/gm)) {
      if (known.has(name) || [...words].some(([other, set]) => other !== file && set.has(name))) continue
      const used = code.match(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g')) ?? []
      if (!['interface', 'type'].includes(kind) || used.length < 2) faults.push(`${file} exports ${name} to nobody`)
    }
  }
  return faults
}

/** The table "What may import what": `| room | what it is | may import |`, rooms in backquotes. */
function readTable (markdown: string): Map<string, Set<string>> {
  const section = markdown.split(/^## /m).find(part => part.startsWith('What may import what')) ?? ''
  const table = new Map<string, Set<string>>()
  for (const line of section.split('\n')) {
    const [, room, , allowed] = line.split('|').map(cell => cell.trim())
    const name = /^`([\w.]+)`$/.exec(room ?? '')?.[1]
    if (name !== undefined) table.set(name, new Set([...(allowed ?? '').matchAll(/`([\w.]+)`/g)].map(([, other = '']) => other)))
  }
  return table
}

function sources (): Files {
  const src = join(ROOT, 'src')
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).map(name => name.replaceAll('\\', '/')).filter(name => name.endsWith('.ts')).sort()
  return new Map(names.map(name => [name, readFileSync(join(src, name), 'utf8')]))
}

/** All that may import from `src/` and is not in it. */
function others (): string[] {
  return ['test', 'bench', 'examples'].flatMap(dir => readdirSync(join(ROOT, dir), { recursive: true, encoding: 'utf8' }).filter(name => /\.m?ts$|\.mjs$/.test(name)).map(name => readFileSync(join(ROOT, dir, name), 'utf8')))
}

const files = sources()
const table = readTable(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'))

describe('the checks see what is planted', () => {
  const rules = new Map([['base', new Set<string>()], ['store', new Set(['base'])], ['inbox', new Set(['store', 'base'])]])

  test.each([
    ['a plain import', "import { open } from '../store/store.js'"],
    ['a type-only import', "import type { Store } from '../store/store.js'"],
    ['an import of several lines', "import {\n  open,\n  type Store\n} from '../store/store.js'"],
    ['an import for its effects', "import '../store/store.js'"],
    ['a re-export', "export * from '../store/store.js'"],
    ['a re-export of types', "export type { Store } from '../store/store.js'"],
    ['an import behind another statement', "const a = 1; import { open } from '../store/store.js'"],
    ['an import at run time', "const store = await import('../store/store.js')"]
  ])('%s that points up', (_what, line) => {
    const planted = new Map([['store/store.ts', 'export const open = 1'], ['base/bad.ts', `// A comment\n${line}\n`]])
    expect(strayImports(planted, rules)).toEqual(['base/bad.ts imports store/store.ts'])
  })

  test('imports that point down, within a room, or to a package, and imports in comments, are none', () => {
    const planted = new Map([['base/a.ts', "/* import { x } from '../inbox/y.js' */\n// import { x } from '../inbox/y.js'\nimport './b.js'\n"], ['base/b.ts', ''], ['inbox/y.ts', "import { a } from '../base/a.js'\nimport { z } from 'lmdb'\n"]])
    expect(strayImports(planted, rules)).toEqual([])
  })

  test('a room or a file that nobody knows', () => {
    expect(strayImports(new Map([['utils/a.ts', '']]), rules)).toEqual(['utils/a.ts: the room utils is not in the table'])
    expect(strayImports(new Map([['base/a.ts', "import './gone.js'"]]), rules)).toEqual(['base/a.ts: there is no base/gone.ts'])
  })

  test('a circle, and none where one arrow is a type or waits', () => {
    const ring = (last: string): Files => new Map([['base/a.ts', "import './b.js'"], ['base/b.ts', "import { c } from './c.js'"], ['base/c.ts', last]])
    expect(circles(ring("export { a } from './a.js'"))).toEqual(['base/a.ts → base/b.ts → base/c.ts → base/a.ts'])
    expect(circles(ring("import type { A } from './a.js'"))).toEqual([])
    expect(circles(ring("const a = async () => await import('./a.js')"))).toEqual([])
  })

  test.each([
    'Date.now()', 'new Date()', 'performance.now()', 'setTimeout(f, 1)', 'setInterval(f, 1)', 'setImmediate(f)', 'Math.random()', 'crypto.randomBytes(8)', 'randomUUID()', 'process.hrtime()', '`${Date.now()}`'
  ])('%s in a core', (call) => {
    expect(impurities(new Map([['inbox/bad.ts', `const x = ${call}\n`]]))).toHaveLength(1)
    expect(impurities(new Map([['inbox/good.ts', `// ${call}\nconst x = '${call}'\nconst y = new Date(1)\n`], ['network/shell.ts', `const x = ${call}\n`]]))).toEqual([])
  })

  test('a module with IO in a core', () => {
    expect(impurities(new Map([['repair/bad.ts', "import { readFileSync } from 'node:fs'\n"]]))).toEqual(['repair/bad.ts imports node:fs'])
  })
})

describe('the house sees what nobody imports', () => {
  const planted = (use: string, outside: string[] = []): string[] =>
    deadExports(new Map([['base/a.ts', 'export function odd (): void {}\nexport type Kind = 1\nexport const LIMIT = 3\nexport const held = (kind: Kind): Kind => kind\n// odd(), held()\n'], ['base/b.ts', use]]), outside)

  test('a function or constant that only comments name, and a type without use', () => {
    expect(planted('')).toEqual(['base/a.ts exports odd to nobody', 'base/a.ts exports held to nobody'])
    expect(deadExports(new Map([['base/a.ts', 'export type Kind = 1\n']]), [])).toEqual(['base/a.ts exports Kind to nobody'])
  })

  test('not what another file or a test imports', () => {
    expect(planted("import { odd, held } from './a.js'")).toEqual([])
    expect(planted("import { odd } from './a.js'", ['held(1)'])).toEqual([])
  })
})

describe('the house', () => {
  test('the table is read, and its own arrows point down', () => {
    const order = [...table.keys()]
    expect(order.at(-1)).toBe('base')
    for (const [room, allowed] of table) {
      for (const other of allowed) {
        expect(order, `${room} may import ${other}, which is no room`).toContain(other)
        expect(order.indexOf(other), `${room} may import ${other}, which stands above it`).toBeGreaterThan(order.indexOf(room))
      }
    }
  })

  test('every room is in the table, and every room of the table is there', () => {
    expect([...new Set([...files.keys()].map(roomOf))].sort()).toEqual([...table.keys()].sort())
  })

  test('imports are seen at all', () => {
    const count = [...files].reduce((sum, [file, source]) => sum + importsOf(source).filter(({ specifier }) => targetOf(file, specifier) !== undefined).length, 0)
    expect(count).toBeGreaterThan(files.size)
  })

  test('imports point down the table', () => { expect(strayImports(files, table)).toEqual([]) })

  test('no file imports itself through others', () => { expect(circles(files)).toEqual([]) })

  test('decision cores have no clock, no timer and no chance of their own', () => { expect(impurities(files)).toEqual([]) })

  test('nothing is exported to nobody', () => { expect(deadExports(files, others())).toEqual([]) })
})
