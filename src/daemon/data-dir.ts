/** Where a node lives when nobody says otherwise, and whether one ever lived there. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** `skein` under the user's data directory, by the custom of each platform. */
export function defaultDataDir (env: Environment = process.env, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'skein')
  if (platform === 'win32') return join(nonEmpty(env['LOCALAPPDATA']) ?? join(home, 'AppData', 'Local'), 'skein')
  return join(nonEmpty(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'skein')
}

/** Whether a node ever lived there: its key is the last thing to go. */
export function hasNode (dataDir: string): boolean {
  return existsSync(keyPath(dataDir))
}

export const keyPath = (dataDir: string): string => join(dataDir, 'identity.key')

const nonEmpty = (value: string | undefined): string | undefined => value === '' ? undefined : value
