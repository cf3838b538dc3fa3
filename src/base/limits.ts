/**
 * Limits and defaults that more than one room must agree on, each with its unit and where it comes from.
 * `docs/limits.md` says what happens at each of them.
 */

/** Levels of a topic. Enough for any site/area/device/measure tree. */
export const TOPIC_LEVELS_MAX = 16
/** Bytes of a topic in UTF-8. */
export const TOPIC_BYTES_MAX = 256
/** Default limit of one message's body, bytes. */
export const MESSAGE_BYTES_DEFAULT = 256 * 1024
/** No configuration raises the body limit above this: a batch must stay far below gossipsub's 4 MiB. */
export const MESSAGE_BYTES_HARD_MAX = 1024 * 1024
/** Headers of one message: count, and bytes of all names and values together. */
export const HEADERS_MAX = 64
export const HEADERS_BYTES_MAX = 16 * 1024
/** Bytes of a key, a caller's message id, a subscription name, a mesh id. */
export const NAME_BYTES_MAX = 128

/** A batch is sealed when its body would pass this. Measured: 64–256 KiB per gossip message is where throughput levels off. */
export const BATCH_BODY_BYTES = 128 * 1024
/** No batch is larger: one message at its hard limit with headers. A receiver refuses more. */
export const BATCH_BODY_BYTES_MAX = MESSAGE_BYTES_HARD_MAX + 64 * 1024
/** Records in one batch. */
export const BATCH_RECORDS_MAX = 1024
/** A sealed batch on the wire: header, signature and body. */
export const BATCH_BYTES_MAX = BATCH_BODY_BYTES_MAX + 4 * 1024

/** One frame on a link between neighbours. */
export const FRAME_BYTES_MAX = BATCH_BYTES_MAX + 8 * 1024
/** Above this many unsent bytes `Network.send` says false. */
export const LINK_BUFFER_HIGH_WATER_BYTES = 1024 * 1024
/** A link with more unsent bytes is cut. */
export const LINK_BUFFER_BYTES_MAX = 8 * 1024 * 1024
/** Unsent gossip to one neighbour; above it gossip to that neighbour is withheld and repair serves it, and from half of it on a publisher waits for its neighbours. Measured: 2 MiB, at 10 KB 8 % more than 1, and 4 no more. */
export const GOSSIP_BUFFER_BYTES_MAX = 2 * 1024 * 1024
/** One gossip message. */
export const GOSSIP_BYTES_MAX = 4 * 1024 * 1024

/** The version this code speaks in the handshake, and the oldest it understands. */
export const PROTOCOL_VERSION = 1
export const PROTOCOL_VERSION_MIN = 1
