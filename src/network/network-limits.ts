/** Limits and times of the network room, with unit and provenance. */

/** One message of the handshake. Sixteen addresses and an agent string fit four times over. */
export const HELLO_BYTES_MAX = 8 * 1024
export const HELLO_ADDRESSES_MAX = 16
export const HELLO_ADDRESS_BYTES_MAX = 256
export const HELLO_AGENT_BYTES_MAX = 128
/** A multiaddr that is listened on or dialled. The longest DNS name with a port and a peer id fits. */
export const ADDRESS_CHARACTERS_MAX = 512
export const REFUSAL_BYTES_MAX = 256

/** From a connection to a link that is up. Guess: a slow mobile link needs about 3 s. */
export const SETUP_TIMEOUT_MS = 10_000
/** Dialling one address list. */
export const DIAL_TIMEOUT_MS = 10_000
export const DIALS_AT_ONCE_MAX = 8
/** Peers and addresses that are remembered for dialling. */
export const DIAL_TARGETS_MAX = 4096

export const DIAL_BACKOFF_FIRST_MS = 250
/** For about a minute the pause stays below this: a neighbour that restarts is back within seconds, and so are we. */
export const DIAL_BACKOFF_EARLY_MS = 2_000
export const DIAL_EARLY_ATTEMPTS = 30
export const DIAL_BACKOFF_MAX_MS = 30_000
/** A peer that refused us, or that we refused. */
export const DIAL_BACKOFF_REFUSED_MS = 60_000
/** A link that lasted this long is no sign of trouble when it goes. */
export const DIAL_STABLE_MS = 10_000

export const TICK_MS = 1000
export const PING_INTERVAL_MS = 5000
/** Nothing heard for so long: the link is cut. */
export const SILENCE_MAX_MS = 15_000
/** The peer is heard, but nothing shows that it hears us. */
export const ONE_WAY_MAX_MS = 30_000
/** After this process slept, peers have so long to answer. */
export const WAKE_PERIOD_MS = 5000
/** How long the incumbent of two links to one peer has to prove that it works. */
export const PROBE_MS = 1500

/** Unparsed bytes of one link in memory; above it the stream is paused. */
export const READ_BUFFER_BYTES = 256 * 1024
/** Bytes handed to a stream in one call. */
export const WRITE_BATCH_BYTES = 256 * 1024
/** The next batch is handed over when the stream holds no more than this: a ping must not wait behind much. */
export const STREAM_LOW_WATER_BYTES = 64 * 1024
/** Pings, pongs and the like that wait on one link. */
export const CONTROL_BYTES_MAX = 64 * 1024
/** Handlers run at most so long before the event loop gets its turn. A choice: ≤ 10 ms. */
export const SLICE_MS = 10

/** Control messages of gossip (subscriptions, grafts, prunes) pass so far above `GOSSIP_BUFFER_BYTES_MAX`; beyond it the connection is cut. */
export const GOSSIP_CONTROL_BYTES_MAX = 256 * 1024
/** Whole gossip messages kept for neighbours that missed one. Guess: a tenth of a second at full speed; repair has the rest. */
export const GOSSIP_CACHE_BYTES = 8 * 1024 * 1024
/** A peer that is up has so long to get its first gossip streams before it is redialled. */
export const GOSSIP_STREAM_WAIT_MS = 5000
/** Unsent gossip that does not shrink for so long on a link that answers: the far reader is gone. */
export const GOSSIP_STUCK_MS = 30_000

/** The same notice about the same peer or address is given again after this time at the earliest. */
export const NOTICE_INTERVAL_MS = 10 * 60_000
export const BANS_MAX = 4096
export const CONNECTIONS_MAX = 500
/** Frames of one link that carry no data: pings, answers, and kinds that are not known. Pings come every five seconds, so that this is a flood many times over. */
export const ODD_FRAMES_PER_SECOND = 50
export const ODD_FRAMES_BURST = 500
/** Streams that a peer may have open on one connection: this node's protocols need fewer than ten. */
export const STREAMS_PER_CONNECTION_MAX = 64
/** Connections of one peer. Two nodes that dial each other have two for a moment, and a restart adds one. */
export const CONNECTIONS_PER_PEER_MAX = 6
/** Connections from one address that have not proven who they are yet, of 200 in all: that takes some milliseconds. */
export const DOORSTEP_PER_HOST_MAX = 100
/** Inbound connections from one address that have not shaken hands. Twenty nodes behind one address may start together. */
export const SILENT_PER_HOST_MAX = 128
/** Connections a second from one address; each costs a key exchange. */
export const INBOUND_PER_SECOND_MAX = 200

/** Gossip messages of one neighbour a second, and at once; above it its stream is read more slowly. Measured: at full speed a node sends some 1,600 batches a second, and a core checks 5,900. */
export const GOSSIP_MESSAGES_PER_SECOND = 4000
export const GOSSIP_MESSAGES_BURST = 20_000
/** Subscriptions, grafts, prunes, talk about messages, and messages on topics not joined. A relay has a thousand subscriptions to tell each time it connects. */
export const GOSSIP_JUNK_PER_SECOND = 500
export const GOSSIP_JUNK_BURST = 20_000
/** Names of the topics that one neighbour has joined, with 1 KiB for each. A thousand of the longest fit. */
export const GOSSIP_TOPIC_BYTES_MAX = 2 * 1024 * 1024
