import '../../build/network/promise-with-resolvers.js'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'

export const PROTOCOL = '/bench/1'

export const createHost = async (listen) => await createLibp2p({
  addresses: { listen },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 1 << 20, maxReadBufferLength: 8 << 20 } })],
  connectionMonitor: { enabled: false }
})
