import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describe as describeFault, KINDS, plan } from './plan.mjs'

const RUN = fileURLToPath(new URL('run.mjs', import.meta.url))

function chaos (...args: string[]): Promise<{ status: number | null, text: string }> {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { text += chunk.toString() })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => { resolve({ status, text }) })
  })
}

describe('chaos on real processes', () => {
  const seed = Math.floor(Math.random() * 1e9)

  it('ends with a valid history, in namespaces where they can be made', async () => {
    const { status, text } = await chaos('--minutes', '0.25', '--nodes', '4', '--seed', String(seed))
    expect(status, text).toBe(0)
  }, 400_000)

  it('ends with a valid history on loopback', async () => {
    const { status, text } = await chaos('--minutes', '0.1', '--nodes', '3', '--seed', String(seed), '--loopback')
    expect(status, text).toBe(0)
  }, 400_000)

  it('says what is wrong with its arguments', async () => {
    expect(await chaos('--faults', 'flood')).toMatchObject({ status: 2, text: expect.stringContaining('there is no fault flood') as string })
    expect(await chaos('--nodes', 'many')).toMatchObject({ status: 2 })
    expect(await chaos('--hard')).toMatchObject({ status: 2 })
  })

  it('plans the same for the same seed, with every kind in a long trial, and one fault of its own at a time for a node', () => {
    const options = { nodes: 5, durationMs: 600_000, kinds: KINDS, withDisk: [1, 2] }
    const faults = plan({ ...options, seed: 7 })
    expect(plan({ ...options, seed: 7 })).toEqual(faults)
    expect(plan({ ...options, seed: 8 })).not.toEqual(faults)
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(KINDS))
    const until = new Map<number, number>()
    for (const { node, atMs, forMs } of faults) {
      if (node === undefined) continue
      expect(atMs).toBeGreaterThanOrEqual(until.get(node) ?? 0)
      until.set(node, atMs + forMs)
    }
    expect(faults.every(fault => describeFault(fault) !== '')).toBe(true)
  })
})
