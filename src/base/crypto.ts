/**
 * Hashing and signing as a synchronous port: a core never awaits, and a simulation can put a keyed hash in.
 * The real one is `security/ed25519.ts`.
 */
export interface Crypto {
  /** 32 bytes. SHA-256 in the real one. */
  hash (bytes: Uint8Array): Uint8Array
  /** Signs `tag` followed by `statement` with this node's key: 64 bytes. */
  sign (tag: string, statement: Uint8Array): Uint8Array
  /** Whether `signature` is the signature of the node `peerId` over `tag` followed by `statement`. Never throws. */
  verify (peerId: string, tag: string, statement: Uint8Array, signature: Uint8Array): boolean
}
