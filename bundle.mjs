/**
 * The second half of `npm run build`. What is published: the doors of the package, each one file, and the chunks they share.
 * A node is made of some 600 modules, most of them libp2p's, and to find and link so many takes Node longer than all else
 * at the start (docs/decisions/017-published-as-a-bundle.md). Types, and single modules for tests, are made by tsc.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const DOORS = { index: 'src/index.ts', 'cli/main': 'src/cli/main.ts', 'check/main': 'src/check/main.ts' }
const COMMANDS = ['cli/main.js', 'check/main.js']

/** Native, or loaded by few programs. */
const OUTSIDE = ['lmdb', 'fs-native-extensions', 'pino', 'ajv', 'yaml']

process.chdir(fileURLToPath(new URL('.', import.meta.url)))
const bundle = await rolldown({
  input: DOORS,
  platform: 'node',
  external: OUTSIDE,
  transform: { target: 'node20' },
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // The package says that its modules do nothing when they are loaded. This one does.
  treeshake: { moduleSideEffects: [{ test: /promise-with-resolvers/, sideEffects: true }] }
})
const { output } = await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  // Whoever runs without --enable-source-maps reads the bundle's own lines in traces.
  minify: false,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js'
})
await bundle.close()
for (const name of COMMANDS) chmodSync(join('dist', name), 0o755)
writeFileSync(join('dist', 'THIRD-PARTY.txt'), notices(output.flatMap(({ moduleIds = [] }) => moduleIds)))
removeStale(new Set(output.map(({ fileName }) => fileName)))

/** The licences of the packages that are in the bundle go with it. */
function notices (modules) {
  const roots = new Set(modules.filter(id => id.includes('/node_modules/')).map(rootOf))
  const each = [...roots].sort((a, b) => a < b ? -1 : 1).map((root) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const texts = readdirSync(root).filter(file => /^(licen[cs]e|notice|copying)/i.test(file)).sort()
    if (texts.length === 0 && !/\bApache-2\.0\b/.test(license)) throw new Error(`${name} ${version} (${license}) comes without the text of its licence`)
    return [`${name} ${version} (${license})`, ...texts.map(file => readFileSync(join(root, file), 'utf8').trim())].join('\n\n')
  })
  return `These packages are part of the files beside this one. Where no text follows, the Apache License 2.0 is meant, in LICENSE.\n\n${each.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** Folders inside of a package may have a package.json of their own, without a version. */
function rootOf (id) {
  for (let dir = dirname(id); ; dir = dirname(dir)) {
    const file = join(dir, 'package.json')
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version !== undefined) return dir
    if (dir === dirname(dir)) throw new Error(`${id} is in no package`)
  }
}

/** What an earlier build left behind. Types are tsc's. */
function removeStale (written) {
  for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
    const name = relative('dist', join(entry.parentPath, entry.name)).replaceAll('\\', '/')
    if (entry.isFile() && /\.js(\.map)?$/.test(name) && !written.has(name)) rmSync(join('dist', name), { force: true })
  }
}
