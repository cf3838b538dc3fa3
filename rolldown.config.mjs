/**
 * What is published: the doors of the package, each one file, and the chunks they share. A node is made of some 700 modules,
 * most of them libp2p's, and to find and link so many takes Node longer than everything else at the start
 * (docs/decisions/017-published-as-a-bundle.md). Types, and single modules for tests, are made by tsc.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const DOORS = { index: 'src/index.ts', 'cli/main': 'src/cli/main.ts', 'check/main': 'src/check/main.ts' }
const COMMANDS = ['cli/main.js', 'check/main.js']

/** Native, or loaded by few programs. */
const OUTSIDE = ['lmdb', 'fs-native-extensions', 'pino', 'ajv', 'yaml']

export default {
  input: DOORS,
  platform: 'node',
  external: OUTSIDE,
  transform: { target: 'node20' },
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // The package says that its modules do nothing when they are loaded. This one does.
  treeshake: { moduleSideEffects: [{ test: /promise-with-resolvers/, sideEffects: true }] },
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true,
    // Whoever runs without --enable-source-maps reads the bundle's own lines in traces.
    minify: false,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js'
  },
  plugins: [licences('THIRD-PARTY.txt'), tidy()]
}

/** The licences of the packages that are in the bundle go with it. */
function licences (fileName) {
  return {
    name: 'licences',
    generateBundle (_options, bundle) {
      const roots = new Set(Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds).filter(id => id.includes('/node_modules/')).map(rootOf))
      const notices = [...roots].sort().map((root) => {
        const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
        const texts = readdirSync(root).filter(file => /^(licen[cs]e|notice|copying)/i.test(file)).sort()
        return [`${name} ${version} (${license})`, ...texts.map(file => readFileSync(join(root, file), 'utf8').trim())].join('\n\n')
      })
      this.emitFile({ type: 'asset', fileName, source: `These packages are part of the files beside this one.\n\n${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n` })
    }
  }
}

/** Folders inside of a package may have a package.json of their own, without a name. */
function rootOf (id) {
  for (let dir = dirname(id); ; dir = dirname(dir)) {
    const file = join(dir, 'package.json')
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version !== undefined) return dir
    if (dir === dirname(dir)) throw new Error(`${id} is in no package`)
  }
}

function tidy () {
  return {
    name: 'tidy',
    writeBundle ({ dir }, bundle) {
      for (const name of COMMANDS) chmodSync(join(dir, name), 0o755)
      // What an earlier build left behind. Types are tsc's.
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        const name = relative(dir, join(entry.parentPath, entry.name))
        if (entry.isFile() && /\.js(\.map)?$/.test(name) && !Object.hasOwn(bundle, name)) rmSync(join(dir, name), { force: true })
      }
    }
  }
}
