import { createHash } from 'node:crypto'

/** The same in every mesh, so that nodes of different meshes can tell each other so. */
export const HELLO_PROTOCOL = '/skein/hello/1'

export interface MeshNames {
  readonly hash: Uint8Array
  readonly hex: string
  readonly link: string
  readonly gossip: string
  /** Service name of mDNS. */
  readonly mdns: string
  /** What goes before a topic's name in gossip. */
  readonly topicPrefix: string
}

/** Protocol ids and topic names carry the mesh's hash, so that meshes never meet by accident. */
export function meshNames (mesh: string): MeshNames {
  const hash = new Uint8Array(createHash('sha256').update(`skein/mesh/1\0${mesh}`, 'utf8').digest().subarray(0, 16))
  const hex = Buffer.from(hash).toString('hex')
  return {
    hash,
    hex,
    link: `/skein/${hex}/link/1`,
    gossip: `/skein/${hex}/meshsub/1.2.0`,
    mdns: `_skein-${hex.slice(0, 8)}._udp.local`,
    topicPrefix: `skein/${hex.slice(0, 16)}/`
  }
}
