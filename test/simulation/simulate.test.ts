import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { FaultClass } from './chaos.js'
import { FAULTS } from './faults/index.js'
import { replayCommand, shrink } from './shrink.js'
import { simulate } from './simulate.js'

async function run (args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null, out: string, err: string }> {
  const child = spawn(process.execPath, ['test/simulation/run.mjs', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => { out += data.toString() })
  child.stderr.on('data', (data: Buffer) => { err += data.toString() })
  const [code] = await once(child, 'close') as [number | null]
  return { code, out, err }
}

const lastLine = (out: string): string => out.trimEnd().split('\n').at(-1) ?? ''

describe('a simulation', () => {
  it('goes the same way every time for one seed, and another way for another', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 8; seed++) {
      const first = await simulate(seed)
      const second = await simulate(seed, { trace: true })
      expect([seed, second.traceHash, second.events]).toEqual([seed, first.traceHash, first.events])
      hashes.add(first.traceHash)
    }
    expect(hashes.size).toBe(8)
  })

  it('goes the same way in another process', async () => {
    const seeds = [2, 3]
    const here = await Promise.all(seeds.map(seed => simulate(seed)))
    for (const { seed, traceHash } of here) {
      const { out, code } = await run(['--seed', String(seed)])
      expect(out).toContain(`trace ${traceHash}`)
      expect(code).toBe(0)
    }
  })

  it('has a kind of faults left out without disturbing the chance of the others', async () => {
    const { faults } = await simulate(12)
    const [left = ''] = faults
    const outcome = await simulate(12, { without: [left] })
    expect(outcome.faults).toEqual(faults.filter(name => name !== left))
  })

  it('begins each kind of faults in some seed, and comes to rest with it alone', async () => {
    for (const { name } of FAULTS) {
      const outcome = await simulate(5, { only: [name] })
      expect([name, outcome.faults, outcome.wrong]).toEqual([name, [name], []])
    }
  })

  it('is shrunk to the faults that it takes to fail, with the command that runs it again', async () => {
    // It fails when a node is down at a look, which takes the look and one of the kinds of faults that bring nodes down.
    const look: FaultClass = {
      name: 'look',
      what: 'looks whether all nodes run',
      begin (chaos) { chaos.every(50, () => { if (chaos.world.clock.nowMs() > 1_000 && chaos.world.nodes.some(node => !node.isUp)) chaos.world.problem('a node is down') }) }
    }
    let seed = 1
    while (!(await simulate(seed)).faults.some(name => ['crash', 'torn-commit'].includes(name))) seed++
    const failing = await simulate(seed, { more: [look] })
    expect(failing.ok).toBe(false)
    const { outcome, options } = await shrink(failing, { more: [look] })
    expect(outcome.wrong[0]).toBe('a node is down')
    expect(outcome.faults.length).toBe(2)
    expect(outcome.faults).toContain('look')
    expect(outcome.nodes).toBeLessThanOrEqual(failing.nodes)
    expect((await simulate(seed, options)).wrong).toEqual(outcome.wrong)
    expect(replayCommand(seed, options)).toMatch(new RegExp(`^npm run simulate -- --seed ${seed} --without [a-z,-]+ --nodes 2`))
  }, 120_000)
})

describe('npm run simulate', () => {
  it('ends with the number of seeds and of those that failed', async () => {
    const { code, out } = await run(['--seeds', '5', '--from', '3', '--jobs', '2', '--quiet'])
    expect([code, out]).toEqual([0, '5 seeds, 0 failed\n'])
  })

  it('exits 1 with the seed, the reason and the command that runs it again when one failed', async () => {
    const { code, out } = await run(['--seeds', '300', '--quiet', '--fail-fast'], { SKEIN_PLANT: 'ack-before-commit' })
    expect(code).toBe(1)
    expect(out).toMatch(/^seed \d+ failed/)
    expect(out).toMatch(/npm run simulate -- --seed \d+ --without/)
    expect(lastLine(out)).toMatch(/^\d+ seeds, 1 failed$/)
  }, 240_000)

  it.each([['--seeds', '0'], ['--seeds', 'many'], ['--wat'], ['--without', 'no-such-fault'], ['--minutes', '-1']])('exits 2 for %s %s', async (...args) => {
    const { code, err } = await run(args)
    expect(code).toBe(2)
    expect(err).toContain('--seeds N')
  })
})
