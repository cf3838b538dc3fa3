/** What a gossip message begins with: one byte. */
export const GOSSIP = { batch: 1, ephemeral: 2, announcement: 3, fork: 4 } as const

/** The bytes with what they are before them. */
export function tagged (kind: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1)
  out[0] = kind
  out.set(bytes, 1)
  return out
}
