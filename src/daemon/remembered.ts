/** What a data directory adds to the settings: it goes on with the mesh, addresses to join from and port that its node had. */
import { SkeinError } from '../base/errors.js'
import { joinBootstrap, readRemembered } from '../node/open-store.js'
import { ANY_PORT, lastListen } from './last-port.js'
import type { Origin, ResolvedSettings, Settings } from './settings.js'

export interface WithRemembered {
  readonly resolved: ResolvedSettings
  /** Why a daemon would not start so, or why nothing could be looked up. */
  readonly warning: string | undefined
}

/** Looks them up without the lock of the directory, whoever has it. */
export async function withRemembered (resolved: ResolvedSettings): Promise<WithRemembered> {
  const { values: given, origins: givenOrigins } = resolved
  const directory: Origin = { from: 'directory', name: given.data }
  const values: { -readonly [name in keyof Settings]: Settings[name] } = { ...given }
  const origins = { ...givenOrigins }
  const lastPort = lastListen(given.data)
  if (given.listen === undefined && lastPort !== ANY_PORT) {
    values.listen = [lastPort]
    origins.listen = directory
  }
  let warning: string | undefined
  try {
    const remembered = await readRemembered(given.data)
    if (given.mesh === undefined && remembered?.mesh !== undefined) {
      values.mesh = remembered.mesh
      origins.mesh = directory
    } else if (remembered?.mesh !== undefined && remembered.mesh !== given.mesh) {
      warning = `the directory belongs to the mesh '${remembered.mesh}': a daemon would not start in '${given.mesh}'`
    }
    values.bootstrap = joinBootstrap(given.bootstrap, remembered?.bootstrap ?? [])
    if (given.bootstrap.length === 0) {
      if (values.bootstrap.length > 0) origins.bootstrap = directory
    } else if (values.bootstrap.length > new Set(given.bootstrap).size) {
      origins.bootstrap = { ...givenOrigins.bootstrap, name: `${givenOrigins.bootstrap.name}, directory ${given.data}` }
    }
  } catch (error) {
    if (!(error instanceof SkeinError)) throw error
    warning = `what the directory remembers cannot be looked up: ${error.message}`
  }
  return { resolved: { ...resolved, values, origins }, warning }
}
