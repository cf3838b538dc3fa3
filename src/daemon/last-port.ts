/**
 * A daemon that was not told where to listen takes the port it had last time, if it is free: those who were told its
 * address find it again after a restart.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'listen.port'
const LOOPBACK = '/ip4/127.0.0.1/tcp/'

export const ANY_PORT = `${LOOPBACK}0`

export function lastListen (dataDir: string): string {
  try {
    const port = Number(readFileSync(join(dataDir, FILE), 'utf8').trim())
    return Number.isInteger(port) && port > 0 && port < 65_536 ? `${LOOPBACK}${port}` : ANY_PORT
  } catch {
    return ANY_PORT
  }
}

export function rememberListen (dataDir: string, addresses: readonly string[]): void {
  const port = addresses.map((address) => /^\/ip4\/127\.0\.0\.1\/tcp\/(\d+)\//.exec(address)?.[1]).find((found) => found !== undefined)
  if (port === undefined) return
  try {
    writeFileSync(join(dataDir, FILE), `${port}\n`, { mode: 0o600 })
  } catch {
    // Only the next start's address depends on it.
  }
}
