import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'

async function run (...args: string[]): Promise<{ code: number | null, out: string, err: string }> {
  const child = spawn(process.execPath, ['test/planted/run.mjs', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => { out += data.toString() })
  child.stderr.on('data', (data: Buffer) => { err += data.toString() })
  const [code] = await once(child, 'close') as [number | null]
  return { code, out, err }
}

describe('npm run planted', () => {
  it('plants a bug, and says which test finds it', async () => {
    const { code, out } = await run('--only', 'plus-matches-many,link-to-itself')
    expect(out).toMatch(/^plus-matches-many +\d+\.\d s {2}test\/unit\/message\/topic\.test\.ts: a filter matches as MQTT says$/m)
    expect(out).toMatch(/\n2 planted, 2 found\n$/)
    expect(code).toBe(0)
  })

  it('exits 1 when one is not found', async () => {
    const { code, out } = await run('--only', 'plus-matches-many', '--by', 'test/unit/base/varint.test.ts')
    expect(out).toMatch(/NOT FOUND by .*\n1 planted, 0 found\n$/)
    expect(code).toBe(1)
  })

  it('exits 2 when the same does not pass without a bug, for a test that there is not would find anything', async () => {
    const { code, err } = await run('--only', 'plus-matches-many', '--by', 'test/unit/no-such.test.ts')
    expect(err).toContain('without any bug')
    expect(code).toBe(2)
  })

  it.each([['--only', 'no-such-bug'], ['--jobs', '0'], ['--wat'], ['--no-run']])('exits 2 for %s %s', async (...args) => {
    expect((await run(...args)).code).toBe(2)
  })
})
