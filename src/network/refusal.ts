/** Why a handshake is refused. The numbers are on the wire and are never used twice. */
export const REFUSAL = {
  malformed: 1,
  otherMesh: 2,
  version: 3,
  keyType: 4,
  banned: 5,
  full: 6,
  notSkein: 7
} as const

export type RefusalCode = typeof REFUSAL[keyof typeof REFUSAL]
export type MultiaddrString = string

const SENTENCES: Record<RefusalCode, string> = {
  [REFUSAL.malformed]: 'The handshake is malformed.',
  [REFUSAL.otherMesh]: 'The nodes are of different meshes.',
  [REFUSAL.version]: 'The nodes have no protocol version in common.',
  [REFUSAL.keyType]: 'Only Ed25519 identities are let in.',
  [REFUSAL.banned]: 'The peer is banned for a while.',
  [REFUSAL.full]: 'The node has as many connections as it takes.',
  [REFUSAL.notSkein]: 'The peer does not speak Skein’s handshake.'
}

export function refusalSentence (code: RefusalCode): string {
  return SENTENCES[code]
}

/** The sentence for the operator of this node. `theirs` is what the other side said, for codes that this version does not know. */
export function refusalNotice (peerId: string, code: RefusalCode, byUs: boolean, theirs: string): string {
  switch (code) {
    case REFUSAL.otherMesh: return `peer ${peerId} is of another mesh`
    case REFUSAL.version: return `peer ${peerId} and this node have no protocol version in common; update the older of the two`
    case REFUSAL.keyType: return byUs ? `peer ${peerId} has an identity that is not Ed25519` : `peer ${peerId} does not take this node’s type of identity`
    case REFUSAL.banned: return byUs ? `peer ${peerId} is banned here for a while` : `peer ${peerId} has banned this node for a while`
    case REFUSAL.full: return byUs ? `peer ${peerId} was turned away: this node has as many connections as it takes` : `peer ${peerId} has as many connections as it takes`
    case REFUSAL.malformed: return byUs ? `peer ${peerId} sent a malformed handshake` : `peer ${peerId} could not read this node’s handshake`
    case REFUSAL.notSkein: return `peer ${peerId} does not speak Skein’s handshake`
    default: return `peer ${peerId} refused the handshake: ${theirs}`
  }
}
