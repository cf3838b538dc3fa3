/**
 * Where the nodes live: in network namespaces behind one bridge, where this machine lets us make them, else all on loopback.
 * Everything that is made here is taken away by `close`.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const quiet = { stdio: ['ignore', 'pipe', 'pipe'] }
const ip = (...args) => execFileSync('ip', args, quiet)

/** Whether namespaces and bridges can be made here; if not, why. */
export function namespacesFault () {
  if (process.platform !== 'linux') return 'only Linux has network namespaces'
  if (process.getuid?.() !== 0) return 'only root may make network namespaces'
  const name = `skprobe${process.pid}`
  try {
    ip('netns', 'add', name)
    try {
      ip('link', 'add', `skp${process.pid % 10000}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    } finally {
      ip('netns', 'del', name)
    }
    return undefined
  } catch (error) {
    return String(error.stderr ?? error.message).trim().split('\n')[0]
  }
}

/** Nodes on loopback. */
export function loopback () {
  return { name: 'loopback', proxyHost: '127.0.0.1', hostOf: () => '127.0.0.1', portOf: () => 0, wrap: (_, command) => command, cable: undefined, close: () => {} }
}

/** A namespace for each node, joined by a bridge in this one. */
export function namespaces (nodes) {
  const tag = `sk${process.pid % 100000}`
  const net = `10.${64 + process.pid % 64}.${process.pid % 251}`
  const bridge = `${tag}b`
  const made = []
  const close = () => {
    for (const undo of made.splice(0).reverse()) {
      try { undo() } catch {}
    }
  }
  try {
    ip('link', 'add', bridge, 'type', 'bridge')
    made.push(() => { ip('link', 'del', bridge) })
    ip('addr', 'add', `${net}.254/24`, 'dev', bridge)
    ip('link', 'set', bridge, 'up')
    for (let i = 0; i < nodes; i++) {
      const name = `${tag}n${i}`
      ip('netns', 'add', name)
      made.push(() => { ip('netns', 'del', name) })
      ip('link', 'add', `${tag}v${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('link', 'set', `${tag}v${i}`, 'master', bridge, 'up')
      ip('-n', name, 'addr', 'add', `${net}.${i + 1}/24`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  } catch (error) {
    close()
    throw error
  }
  return {
    name: 'network namespaces',
    proxyHost: `${net}.254`,
    hostOf: (i) => `${net}.${i + 1}`,
    portOf: () => 4400,
    wrap: (i, command) => ['ip', 'netns', 'exec', `${tag}n${i}`, ...command],
    /** Packets to and from the node vanish, or pass again. */
    cable: (i, up) => { ip('link', 'set', `${tag}v${i}`, up ? 'up' : 'down') },
    close
  }
}

/** A small disk that can be filled: a tmpfs. Undefined where none can be mounted. */
export function smallDisk (path, bytes) {
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], quiet)
  } catch {
    return undefined
  }
  const filler = join(path, 'filler')
  return {
    /** Leaves so little that no commit finds room. */
    fill: () => {
      const { bavail, bsize } = statfsSync(path)
      try { writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize))) } catch (error) { if (error.code !== 'ENOSPC') throw error }
    },
    free: () => { rmSync(filler, { force: true }) },
    close: () => { execFileSync('umount', [path], quiet) }
  }
}
