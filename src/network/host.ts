import './promise-with-resolvers.js'
import type { GossipSub, GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { hostOf } from './addresses.js'
import { Doorstep } from './doorstep.js'
import { frugal, lean } from './link-bytes.js'
import { CONNECTIONS_MAX, DIAL_TIMEOUT_MS, INBOUND_PER_SECOND_MAX, SETUP_TIMEOUT_MS, STREAMS_PER_CONNECTION_MAX } from './network-limits.js'

export interface HostOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly agent: string
  readonly clock: Clock
  /** Service name; undefined: no mDNS. */
  readonly mdns: string | undefined
  readonly gossip: (components: GossipSubComponents) => GossipSub
  readonly discovered: (peerId: string, addresses: string[]) => void
}

/** libp2p, configured for Skein and not started. What its defaults break is in the comments. */
export async function createHost (options: HostOptions): Promise<Libp2p> {
  const { privateKey, listen, agent, gossip, discovered } = options
  const serviceTag = options.mdns
  // Few nodes want it, and it brings a DNS library of its own.
  const discovery = serviceTag === undefined ? undefined : (await import('@libp2p/mdns')).mdns({ serviceTag })
  const doorstep = new Doorstep(options.clock)
  return await createLibp2p({
    privateKey,
    logger: quiet,
    start: false,
    nodeInfo: { name: 'skein', userAgent: agent },
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [(components) => lean(noise()(components))],
    // With the default windows (16 MiB) a paused stream overflows its own read buffer (4 MiB) and is reset.
    streamMuxers: [() => frugal(yamux({ streamOptions: { maxStreamWindowSize: 1 << 20, maxReadBufferLength: 8 << 20 }, maxInboundStreams: STREAMS_PER_CONNECTION_MAX })())],
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      maxParallelDials: 16,
      dialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: SETUP_TIMEOUT_MS,
      // Five connections a second from one address by default: too few for a mesh behind one.
      inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
      maxIncomingPendingConnections: 200,
      // Dialling again is our own business.
      reconnectRetries: 0
    },
    // It aborts busy healthy connections; links have pings of their own.
    connectionMonitor: { enabled: false },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundConnection: (connection) => !doorstep.admits(hostOf(connection.remoteAddr.toString()), connection),
      denyInboundEncryptedConnection: (_peerId, connection) => {
        doorstep.passed(connection)
        return false
      }
    },
    peerDiscovery: discovery === undefined
      ? []
      : [(components) => {
          const found = discovery(components)
          found.addEventListener('peer', ({ detail }) => { discovered(detail.id.toString(), detail.multiaddrs.map(String)) })
          return found
        }],
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping(), pubsub: gossip }
  })
}

/** Starts it. Throws `ERR_PORT_IN_USE` and `ERR_BAD_ADDRESS`, naming the address. */
export async function startHost (host: Libp2p, listen: readonly string[]): Promise<void> {
  try {
    await host.start()
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    for (const address of listen) {
      // The message lists address and error, one address a line: "  /ip4/127.0.0.1/tcp/4001: listen EADDRINUSE …".
      const line = text.split('\n').find((candidate) => candidate.trim().startsWith(`${address}:`))?.trim().slice(address.length + 1).trim()
      if (line === undefined) continue
      if (line.includes('EADDRINUSE')) {
        throw new SkeinError('ERR_PORT_IN_USE', `${address} is in use by another process`, { hint: 'Stop the other process, or listen on another port.', cause })
      }
      throw new SkeinError('ERR_BAD_ADDRESS', `cannot listen on ${address}: ${line}`, { hint: 'Listen on an address of this machine and a port above 1023.', cause })
    }
    throw cause
  }
}

/** libp2p's own log goes nowhere: `DEBUG=libp2p:*` is for its developers, and formatting costs time. */
const silent = Object.assign(() => {}, { enabled: false, error: () => {}, trace: () => {}, newScope: (): unknown => silent })
const quiet = { forComponent: () => silent } as unknown as ComponentLogger
