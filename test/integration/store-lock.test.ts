import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDataDir, readLockHolder } from '../../src/store/data-dir.js'

const HOLDER = fileURLToPath(new URL('../support/lock-holder.mjs', import.meta.url))

describe('a data directory', () => {
  let dir: string
  let children: ChildProcessWithoutNullStreams[]
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-dir-'))
    children = []
  })
  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(dir, { recursive: true, force: true })
  })

  /** Another process that tries to lock `path`: the process, and the first line that it said. */
  async function other (path: string, role: string): Promise<[ChildProcessWithoutNullStreams, string]> {
    const child = spawn(process.execPath, [HOLDER, path, role])
    children.push(child)
    const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
    return [child, line]
  }

  test('is made for its owner only, with the paths of what is in it', async () => {
    const path = join(dir, 'a', 'b')
    const held = await openDataDir(path, { role: 'embedded' })
    expect(held).toMatchObject({ dir: path, storePath: join(path, 'store.mdb'), keyPath: join(path, 'identity.key') })
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'lock')).mode & 0o777).toBe(0o600)
    held.release()
  })

  test('is refused to a second process, which is told who has it', async () => {
    const held = await openDataDir(dir, { role: 'embedded' })
    const [, line] = await other(dir, 'daemon')
    expect(line).toMatch(/^ERR_DATA_DIR_IN_USE /)
    expect(line).toContain(`an embedded node with process id ${process.pid}`)
    held.release()
    const [, then] = await other(dir, 'daemon')
    expect(then).toBe('locked')
  })

  test('is refused to a second opening in the same process, and free again after the release', async () => {
    const held = await openDataDir(dir, { role: 'command' })
    await expect(openDataDir(dir, { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_IN_USE', retryable: true, message: expect.stringContaining(`a command with process id ${process.pid}`) })
    await expect(openDataDir(join(dir, '.'), { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_IN_USE' })
    // That the refused one closed its own opening of the file must not have let go of the lock.
    const [, line] = await other(dir, 'daemon')
    expect(line).toMatch(/^ERR_DATA_DIR_IN_USE /)
    held.release()
    held.release()
    expect(readLockHolder(dir)).toBeUndefined()
    const again = await openDataDir(dir, { role: 'daemon' })
    again.release()
  })

  test('is free the moment its process is killed', async () => {
    const [child, line] = await other(dir, 'daemon')
    expect(line).toBe('locked')
    expect(readLockHolder(dir)).toEqual({ pid: child.pid, role: 'daemon' })
    await expect(openDataDir(dir, { role: 'command' })).rejects.toMatchObject({ message: expect.stringContaining(`a daemon with process id ${child.pid}`) })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const held = await openDataDir(dir, { role: 'command' })
    expect(readLockHolder(dir)).toEqual({ pid: process.pid, role: 'command' })
    held.release()
  })

  test('of ten that come at once one gets it', async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, async () => await openDataDir(dir, { role: 'embedded' })))
    const won = all.filter(one => one.status === 'fulfilled')
    expect(won).toHaveLength(1)
    for (const one of won) one.value.release()
  })

  test('that is a file, or below one, is unusable, with a hint', async () => {
    const file = join(dir, 'file')
    writeFileSync(file, '')
    for (const path of [file, join(file, 'below')]) {
      await expect(openDataDir(path, { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE', hint: expect.stringContaining('is a file') })
    }
  })

  test('whose lock is a directory is unusable', async () => {
    mkdirSync(join(dir, 'lock'))
    await expect(openDataDir(dir, { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE', hint: expect.stringContaining('directory where the lock') })
  })

  test('that belongs to somebody else is unusable, with a hint', async ({ skip }) => {
    if (process.getuid?.() === 0) return skip('root may write everywhere')
    chmodSync(dir, 0o500)
    await expect(openDataDir(dir, { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE', hint: expect.stringContaining('belong to the user') })
    chmodSync(dir, 0o700)
  })

  test('on a read-only file system is unusable, with a hint', async ({ skip }) => {
    const mount = join(dir, 'mount')
    mkdirSync(mount)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', mount], { stdio: 'ignore' })
    } catch {
      return skip('mounting needs root')
    }
    try {
      await expect(openDataDir(mount, { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE', hint: expect.stringContaining('read-only') })
    } finally {
      execFileSync('umount', [mount])
    }
  })
})
