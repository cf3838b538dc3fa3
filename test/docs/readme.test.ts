import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Run } from '../support/run.js'
import { codeBlocks, type CodeBlock } from './markdown.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const BLOCKS = codeBlocks(README)
const MESH = BLOCKS.filter(({ heading }) => heading === 'Five minutes to a mesh of three')
const EMBEDDING = BLOCKS.filter(({ heading }) => heading === 'Embedding')
const COMMANDS = BLOCKS.filter(({ heading }) => heading === 'Two commands')

/** A project that has Skein among its dependencies, as a user's has. */
let project: string
let runs: Run[]

beforeEach(() => {
  runs = []
  project = mkdtempSync(join(tmpdir(), 'skein-readme-'))
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(ROOT, join(project, 'node_modules', 'skein'))
  symlinkSync(join(ROOT, 'dist', 'cli', 'main.js'), join(project, 'node_modules', '.bin', 'skein'))
  chmodSync(join(ROOT, 'dist', 'cli', 'main.js'), 0o755)
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n')
})

afterEach(async () => {
  await Promise.all(runs.map(async run => { await run.kill() }))
  rmSync(project, { recursive: true, force: true })
})

function start (command: string, ...args: string[]): Run {
  const run = new Run(command, args, { cwd: project, env: { SKEIN_DATA: join(project, 'data') } })
  runs.push(run)
  return run
}

/** As typed into a terminal. */
const shell = ({ code }: CodeBlock): Run => start('bash', '-euc', code)

test('every block of code in the README is run here', () => {
  const known = [...COMMANDS, ...MESH, ...EMBEDDING]
  expect(BLOCKS.filter(block => !known.includes(block)).map(({ line }) => line)).toEqual([])
  expect([COMMANDS.length, MESH.length, EMBEDDING.map(({ language }) => language)]).toEqual([2, 6, ['ts', 'js']])
})

describe('two commands', () => {
  test('are npm install with the scripts that the package has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    expect(COMMANDS.map(({ code }) => code.trim())).toEqual(['npm install && npm start', 'npm install && npm test'])
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'demo']))
  })

  test('npm start says what to type to subscribe, publish and join, and that works', async () => {
    // Without the build before it: the tests run on what is built.
    const daemon = start('npm', 'start', '--ignore-scripts', '--prefix', ROOT)
    await daemon.until(/Ctrl-C stops it/)
    const typed = (verb: string): Run => {
      const command = new RegExp(`^ +(\\S.* ${verb} .*)$`, 'm').exec(daemon.stdout)?.[1] ?? `false # no ${verb} in the banner`
      const inProject = command.replace(' ./skein-2 ', ` ${join(project, 'skein-2')} `)
      const run = new Run('bash', ['-euc', inProject], { cwd: ROOT })
      runs.push(run)
      return run
    }
    const subscriber = typed('sub')
    await subscriber.untilSaid(/subscribed/)
    await typed('pub').succeeded()
    await subscriber.until(/^Hello, mesh$/m)
    await typed('daemon').until(/^peer joined/m)
  })
})

describe('five minutes to a mesh of three', () => {
  test('works as it is written', async () => {
    const [daemon, subscribe, publish, publishAway, comeBack, publishUntil] = MESH as [CodeBlock, CodeBlock, CodeBlock, CodeBlock, CodeBlock, CodeBlock]
    await shell(daemon).until(/Ctrl-C stops it/)
    const subscriber = shell(subscribe)
    const first = shell(publish)
    await first.succeeded()
    expect(first.stdout).toMatch(/^\S+\.press\.1\n$/)
    await subscriber.until(/^81\.2$/m)
    subscriber.signal('SIGINT')
    await subscriber.ended()
    await shell(publishAway).succeeded()
    const again = shell(comeBack)
    await again.until(/^81\.9$/m)
    await shell(publishUntil).succeeded()
    await again.until(/^82\.4$/m)
    expect(again.stdout).toBe('81.9\n82.4\n')
  })
})

describe('embedding', () => {
  const block = (language: string): CodeBlock => EMBEDDING.find(candidate => candidate.language === language) as CodeBlock

  test('the TypeScript compiles with strict types and prints what it says', async () => {
    writeFileSync(join(project, 'main.ts'), block('ts').code)
    const tsc = join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js')
    await start(process.execPath, tsc, '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', 'nodenext', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types'), 'main.ts').succeeded()
    const run = start(process.execPath, 'main.js')
    await run.succeeded()
    expect(run.stdout).toBe(block('ts').output)
  })

  test('the JavaScript prints what it says', async () => {
    writeFileSync(join(project, 'main.js'), block('js').code)
    const run = start(process.execPath, 'main.js')
    await run.succeeded()
    expect(run.stdout).toBe(block('js').output)
  })
})
