/** Limits of the inbox room, each with its unit and where it comes from. */

/** Positions that a cursor looks beyond its watermark. Bounds what is remembered per log and the size of a cursor row. */
export const CURSOR_WINDOW_POSITIONS = 4096
/** Records of one subscription that are handed out, waiting or held back, all logs together. Wild guess: some 10 MB. */
export const ENTRIES_MAX = 65_536
/** Positions looked at in one call, so that a subscription that matches little does not hold up the event loop. Measured: about 1 ms. */
export const SCAN_POSITIONS = 2048
/** Records of one log handed out before the next log has its turn. Wild guess: fair, and still kind to caches. */
export const TURN_RECORDS = 16

/** Logs of which it is known whom their latest records concern; runs of these records in one log; and positions for subscriptions, of one run and altogether. Choices: 30 MB at worst. */
export const SIEVE_LOGS_MAX = 8_192
export const SIEVE_RUNS_MAX = 8
export const SIEVE_RUN_HITS_MAX = 16_384
export const SIEVE_HITS_MAX = 262_144
/** A subscription that takes nothing of what has come passes over it so many ms later at most: a millisecond for each other subscription to the log. */
export const PASS_MS_MAX = 250

/** Durable subscriptions of one node. Wild guess. */
export const SUBSCRIPTIONS_MAX = 1024
/** Consumers on one name, and live consumers of one node. Wild guess. */
export const CONSUMERS_MAX = 256
export const LIVE_CONSUMERS_MAX = 4096
/** Records that wait for one live consumer, and their bytes. Wild guess: a second's worth of small and of large messages. */
export const LIVE_BUFFER_MAX = 65_536
export const LIVE_BYTES_MAX = 16 * 1024 * 1024
/** Dead letters of one subscription. At the limit records wait to be buried until there is room: nothing is dropped. Wild guess. */
export const DEAD_LETTERS_MAX = 100_000
/** Ephemeral messages that wait for the consumers of a durable subscription. */
export const EPHEMERAL_BUFFER_MAX = 1024
/** Ranges kept of what is known not to come, and of what was given up and may turn up late. */
export const DOOMED_RANGES_MAX = 4096
export const LOST_RANGES_MAX = 1024
/** Bytes of a reason (dead letter), UTF-16 units. */
export const REASON_LENGTH_MAX = 1024
/** Longest delay of a nack and longest extension, ms (30 days): a jump of the wall clock across a restart delays nothing by more. */
export const DELAY_MS_MAX = 30 * 86_400_000

/** How long the later log of a publisher waits for the earlier one, ms. A choice. */
export const ORDER_WAIT_MS = 600_000
/** What was settled waits so long for a batch to go to disk with, while they keep coming. */
export const ALONGSIDE_MS = 3
/** A delivery is counted on disk within so many ms. */
export const DELIVERY_FLUSH_MS = 50
/** What was passed over without delivery is on disk within so many ms. */
export const LAZY_FLUSH_MS = 1000
/** A commit refused for want of room is tried again after so many ms, doubling. */
export const FULL_RETRY_MS = 250
export const FULL_RETRY_MS_MAX = 5000
/** Cursors in one commit, and bytes of dead letters with which it is closed. */
export const COMMIT_CURSORS_MAX = 1024
export const COMMIT_BYTES = 4 * 1024 * 1024
/** Rows deleted in one commit when a subscription is removed. */
export const REMOVE_ROWS = 500
/** Batches under delivery that are kept open, and their bytes. */
export const OPEN_BATCHES_MAX = 256
export const OPEN_BATCHES_BYTES_MAX = 24 * 1024 * 1024
