import { describe, expect, test } from 'vitest'
import { SkeinError } from '../../../src/base/errors.js'
import { CommitQueue } from '../../../src/store/commit-queue.js'
import type { StoreOp } from '../../../src/store/store.js'

const put = (n: number, bytes = 1): StoreOp => ({ type: 'put', table: 'batch', key: new Uint8Array([n]), value: new Uint8Array(bytes) })
const nextTurn = async (): Promise<void> => { await new Promise<void>(resolve => { setImmediate(resolve) }) }

function queueWith (options: { refuse?: (ops: readonly StoreOp[]) => SkeinError | undefined, relieve?: () => Promise<void> | undefined } = {}) {
  const writes: Array<{ groups: ReadonlyArray<readonly StoreOp[]>, ok: () => void, fail: (error: SkeinError) => void }> = []
  const queue = new CommitQueue({
    write: async groups => { await new Promise<void>((resolve, reject) => { writes.push({ groups, ok: resolve, fail: reject }) }) },
    admit: ops => options.refuse?.(ops),
    ...(options.relieve === undefined ? {} : { relieve: options.relieve })
  })
  const log: Array<string | [string, unknown]> = []
  const push = (name: string, ...ops: StoreOp[]): void => { queue.push(ops, error => { log.push(error === undefined ? name : [name, (error as SkeinError).code]) }) }
  return { queue, writes, log, push }
}

describe('commit queue', () => {
  test('one is written at a time, and those that wait go together', async () => {
    const { writes, log, push } = queueWith()
    push('a', put(1))
    await nextTurn()
    push('b', put(2))
    push('c', put(3), put(4))
    await nextTurn()
    expect(writes).toHaveLength(1)
    expect(log).toEqual([])
    writes[0]?.ok()
    await nextTurn()
    await nextTurn()
    expect(log).toEqual(['a'])
    expect(writes[1]?.groups).toEqual([[put(2)], [put(3), put(4)]])
    writes[1]?.ok()
    await nextTurn()
    expect(log).toEqual(['a', 'b', 'c'])
  })

  test('a refusal waits for its turn', async () => {
    const { writes, log, push } = queueWith({ refuse: ops => ops.length === 2 ? new SkeinError('ERR_STORE_FULL') : undefined })
    push('a', put(1))
    push('b', put(1), put(2))
    push('c')
    push('d', put(3))
    await nextTurn()
    expect(log).toEqual([])
    writes[0]?.ok()
    await nextTurn()
    expect(writes[0]?.groups).toEqual([[put(1)], [put(3)]])
    expect(log).toEqual(['a', ['b', 'ERR_STORE_FULL'], 'c', 'd'])
  })

  test('before it refuses something it makes what room it can, once, and asks again', async () => {
    let room = false
    let relieved: (() => void) | undefined
    let asked = 0
    const { writes, log, push } = queueWith({
      refuse: ops => ops.length === 2 || (ops.length === 1 && !room) ? new SkeinError('ERR_STORE_FULL') : undefined,
      relieve: () => { asked++; return room ? undefined : new Promise<void>(resolve => { relieved = resolve }) }
    })
    push('a', put(1))
    push('b', put(1), put(2))
    await nextTurn()
    expect([writes.length, log.length, asked]).toEqual([0, 0, 1])
    room = true
    relieved?.()
    await nextTurn()
    expect(writes[0]?.groups).toEqual([[put(1)]])
    writes[0]?.ok()
    await nextTurn()
    expect([log, asked]).toEqual([['a', ['b', 'ERR_STORE_FULL']], 1])
  })

  test('what fails while it makes room fails all', async () => {
    const { writes, log, push } = queueWith({ refuse: () => new SkeinError('ERR_STORE_FULL'), relieve: () => Promise.reject(new SkeinError('ERR_STORE')) })
    push('a', put(1))
    push('b')
    await nextTurn()
    await nextTurn()
    expect([writes.length, log]).toEqual([0, [['a', 'ERR_STORE'], ['b', 'ERR_STORE']]])
  })

  test('a failed write fails all that waits and all that comes, and nothing more is written', async () => {
    const { writes, log, push, queue } = queueWith()
    push('a', put(1))
    await nextTurn()
    push('b', put(2))
    writes[0]?.fail(new SkeinError('ERR_STORE', 'first'))
    queue.fail(new SkeinError('ERR_STORE', 'second'))
    await nextTurn()
    push('c', put(3))
    push('d')
    for (let i = 0; i < 3; i++) await nextTurn()
    expect(writes).toHaveLength(1)
    expect(log).toEqual(['a', 'b', 'c', 'd'].map(name => [name, 'ERR_STORE']))
    await queue.idle()
  })

  test('a disk that cannot be looked at fails the store before anything is written', async () => {
    const { writes, log, push, queue } = queueWith({ refuse: () => { throw new SkeinError('ERR_STORE') } })
    push('a', put(1))
    await queue.idle()
    expect(writes).toEqual([])
    expect(log).toEqual([['a', 'ERR_STORE']])
  })

  test('a group is bounded in bytes', async () => {
    const { writes, push, queue } = queueWith()
    for (let i = 0; i < 10; i++) push(`${i}`, put(i, 2 * 1024 * 1024))
    await nextTurn()
    expect(writes[0]?.groups).toHaveLength(4)
    for (let i = 0; i < 3; i++) {
      writes[i]?.ok()
      await nextTurn()
      await nextTurn()
    }
    await queue.idle()
    expect(writes.map(write => write.groups.length)).toEqual([4, 4, 2])
  })
})
