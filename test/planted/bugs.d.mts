import type { Bug } from './plugin.mjs'

export const BUGS: readonly Bug[]
