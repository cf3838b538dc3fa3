/** How far a message must get before a publisher is content: `local`, `stored:K`, `stored:PEERID`, `processed:NAME`. */
import { SkeinError } from '../base/errors.js'
import { NAME_BYTES_MAX } from '../base/limits.js'
import type { Published, Receipt, WaitOptions } from '../node/api.js'

export type Level =
  | { readonly kind: 'local' }
  | { readonly kind: 'stored', readonly by: number | string }
  | { readonly kind: 'processed', readonly by: string }

/** More nodes than this are not asked for by anybody who means it. */
const STORED_BY_MAX = 1_000

export function parseLevel (text: string): Level {
  const colon = text.indexOf(':')
  const kind = colon < 0 ? text : text.slice(0, colon)
  const by = colon < 0 ? '' : text.slice(colon + 1)
  if (text === 'local') return { kind: 'local' }
  if (kind === 'stored') {
    if (colon < 0) return { kind: 'stored', by: 1 }
    if (/^[0-9]{1,4}$/.test(by) && Number(by) >= 1 && Number(by) <= STORED_BY_MAX) return { kind: 'stored', by: Number(by) }
    if (/^[1-9A-HJ-NP-Za-km-z]{40,64}$/.test(by)) return { kind: 'stored', by }
  }
  if (kind === 'processed' && by !== '' && Buffer.byteLength(by) <= NAME_BYTES_MAX) return { kind: 'processed', by }
  throw new SkeinError('ERR_USAGE', `'${text}' is not a level`, {
    hint: `Use local, stored:K (1 to ${STORED_BY_MAX} nodes), stored:PEERID or processed:NAME.`
  })
}

export function formatLevel (level: Level): string {
  return level.kind === 'local' ? 'local' : `${level.kind}:${level.by}`
}

export async function reach (receipt: Receipt | Published, level: Level, wait: WaitOptions): Promise<void> {
  if (level.kind === 'stored') await receipt.stored({ ...wait, by: level.by })
  if (level.kind === 'processed') await receipt.processed({ ...wait, by: level.by })
}
