import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createNode, isSkeinError, SkeinError } from 'skein'
import { Run } from '../support/run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DIST = join(ROOT, 'dist')
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
  exports: { '.': { types: string, import: string } }
  bin: Record<string, string>
  dependencies: Record<string, string>
}

interface Loaded { readonly files: string[], readonly packages: string[] }

/** What Node loads for an import of this file, without what is loaded later by `import()`. */
function loadedBy (entry: string): Loaded {
  const files = new Set<string>()
  const packages = new Set<string>()
  const follow = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'"]*["']([^"']+)["'];?$/gm)) {
      if (specifier.startsWith('.')) follow(resolve(dirname(file), specifier))
      else if (!specifier.startsWith('node:') && !builtinModules.includes(specifier)) packages.add(specifier)
    }
  }
  follow(join(ROOT, entry))
  return { files: [...files].map(file => relative(DIST, file)), packages: [...packages] }
}

describe('what is published', () => {
  test('is loaded as few files: to find and link a module costs more than to run it', () => {
    const { files } = loadedBy(MANIFEST.exports['.'].import)
    expect(files.length).toBeGreaterThan(1)
    expect(files.length).toBeLessThan(40)
  })

  test('loads no package before it is needed', () => {
    const doors = [MANIFEST.exports['.'].import, ...Object.values(MANIFEST.bin)]
    expect(Object.fromEntries(doors.map(door => [door, loadedBy(door).packages]))).toEqual(Object.fromEntries(doors.map(door => [door, []])))
  })

  test('names as dependencies all that it loads later', () => {
    const code = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js')).map(name => readFileSync(join(DIST, name), 'utf8'))
    const packages = code.flatMap(text => [...text.matchAll(/^(?:import\b[^"'\n]*|[^*\n]*\bawait import\()["']([^."'][^"']*)["']/gm)].map(([, name = '']) => name))
    expect(packages).toEqual(expect.arrayContaining(['lmdb', 'fs-native-extensions', 'pino']))
    expect(packages.filter(name => !name.startsWith('node:') && !builtinModules.includes(name) && !Object.hasOwn(MANIFEST.dependencies, name))).toEqual([])
  })

  test('has the types of its door, and the notices of the packages that are in it', () => {
    expect(existsSync(join(ROOT, MANIFEST.exports['.'].types))).toBe(true)
    const notices = readFileSync(join(DIST, 'THIRD-PARTY.txt'), 'utf8')
    for (const name of ['libp2p', '@libp2p/gossipsub', '@noble/curves', 'multiformats']) expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+`, 'm'))
    expect(notices).toContain('Permission is hereby granted')
  })

  test('has one copy of the class of errors, for whoever asks with instanceof', async () => {
    const error: unknown = await createNode({ dataDir: '' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SkeinError)
    expect(isSkeinError(error, 'ERR_BAD_ARGUMENT')).toBe(true)
  })

  test('says the version of the package, wherever in it the question ends up', async () => {
    for (const bin of Object.values(MANIFEST.bin)) {
      const run = new Run(process.execPath, [join(ROOT, bin), '--version'], { cwd: ROOT })
      await run.succeeded()
      expect(run.stdout).toContain(MANIFEST.version)
    }
  })

  test('leads traces back to the source', async () => {
    const script = "import('skein').then(({ createNode }) => createNode({ dataDir: '' })).catch((error) => { console.log(error.stack) })"
    const run = new Run(process.execPath, ['--enable-source-maps', '--input-type=module', '-e', script], { cwd: ROOT })
    await run.until(/src[/\\]node[/\\]create-node\.ts:\d+/)
  })
})
