/** What is on disk. */
export const STORE = [
  {
    name: 'commit-not-flushed',
    what: 'a commit is done when it is written and not flushed',
    breaks: 'durable publish: power loss',
    file: 'src/store/format.ts',
    find: 'overlappingSync: false,',
    replace: 'overlappingSync: false, noSync: true,',
    by: 'test/unit/store/flush.test.ts'
  },
  {
    name: 'done-before-written',
    what: 'a commit is done before it is written',
    breaks: 'durable publish',
    file: 'src/store/commit-queue.ts',
    find: 'this.#parts.write(admitted).then(',
    replace: 'this.#finish()\n    this.#parts.write(admitted).then(',
    by: 'test/unit/store/commit-queue.test.ts'
  },
  {
    name: 'failed-write-tried-again',
    what: 'after a failed write the store goes on as if nothing had happened',
    breaks: 'fsync fails, is tried again, succeeds',
    file: 'src/store/commit-queue.ts',
    find: 'this.#failure ??= error\n    this.#finish()',
    replace: 'const group = this.#writing ?? []\n    this.#writing = undefined\n    for (const pending of group) pending.done(error)\n    this.#schedule()',
    by: 'test/unit/store/commit-queue.test.ts'
  },
  {
    name: 'refused-commit-answered-early',
    what: 'a commit that is refused is told so before those made earlier are on disk',
    breaks: 'the order of commits',
    file: 'src/store/commit-queue.ts',
    find: 'if (pending.refusal === undefined) admitted.push(pending.ops)',
    replace: 'if (pending.refusal === undefined) admitted.push(pending.ops)\n        else { pending.done(pending.refusal); Object.assign(pending, { done: () => {} }) }',
    by: 'test/unit/store/commit-queue.test.ts'
  },
  {
    name: 'lock-not-taken',
    what: 'a second process works on the data directory',
    breaks: 'two processes on one data directory',
    file: 'src/store/data-dir.ts',
    find: 'if (!await tryLockFile(fd)) throw await inUse(path)',
    replace: 'await tryLockFile(fd)',
    by: 'test/integration/store-lock.test.ts'
  },
  {
    name: 'newer-format-opened',
    what: 'a store of a newer version is opened and written to',
    breaks: 'honest failure',
    file: 'src/store/format.ts',
    find: 'if (version > STORE_FORMAT) {',
    replace: 'if (version > STORE_FORMAT + 1000) {',
    by: 'test/unit/store/format.test.ts'
  },
  {
    name: 'crc-not-checked',
    what: 'a row that is not what was written is taken for one',
    breaks: 'honest failure: altered bytes',
    file: 'src/store/row-check.ts',
    find: 'if (rowHolds(table, key, row)) return',
    replace: 'return',
    by: 'test/unit/store/row-check.test.ts'
  },
  {
    name: 'row-under-another-key',
    what: 'a row that stands under another key than it was put under is taken for one',
    breaks: 'honest failure: altered bytes',
    file: 'src/store/row-check.ts',
    find: 'crc32(value, crc32(key, SEEDS.get(table) ?? crc32(table)))',
    replace: 'crc32(value)',
    by: 'test/unit/store/row-check.test.ts'
  },
  {
    name: 'pages-not-walked',
    what: 'LMDB is let loose on a file whose pages nobody has looked at',
    breaks: 'honest failure: a torn, truncated, bit-flipped store',
    file: 'src/store/lmdb-file.ts',
    find: 'if (wrong !== undefined) throw corrupt(path, wrong)',
    replace: '',
    by: 'test/unit/store/lmdb-file.test.ts'
  },
  {
    name: 'free-page-in-use',
    what: 'a page that is both in use and free is overwritten by the next commit',
    breaks: 'honest failure: a torn, truncated, bit-flipped store',
    file: 'src/store/lmdb-walk.ts',
    find: 'if (((this.#used[page >> 3] as number) >> (page & 7) & 1) === 1) throw',
    replace: 'if (page < 0) throw',
    by: 'test/unit/store/lmdb-file.test.ts'
  },
  {
    name: 'damaged-batch-still-held',
    what: 'a batch that turned out to be damaged still counts as held, and is never fetched again',
    breaks: 'honest failure: quarantine, fetch again from peers',
    file: 'src/store/log-book.ts',
    find: 'log.held.remove(from, last)\n',
    replace: '\n',
    by: ['simulation', 'test/unit/store-book/log-book.test.ts']
  },
  {
    name: 'row-lacks-batch',
    what: 'the row of a log does not name the batches of its commit',
    breaks: 'durable publish',
    file: 'src/store/log-book.ts',
    find: 'next.held?.add(batch.base, batch.last)',
    replace: '',
    by: ['simulation', 'test/unit/store-book/log-book.test.ts']
  },
  {
    name: 'head-goes-back',
    what: 'a head that is older than the one known takes its place',
    breaks: 'no silent loss: tail loss',
    file: 'src/store/log-book.ts',
    find: 'if (position <= log.head) return',
    replace: '',
    by: 'test/unit/store-book/log-book.test.ts'
  },
  {
    name: 'trim-goes-back',
    what: 'an older trim takes the place of a newer one',
    breaks: 'late control message',
    file: 'src/store/log-book.ts',
    find: 'if (trim.through <= log.trimmed) return false',
    replace: '',
    by: 'test/unit/store-book/log-book.test.ts'
  },
  {
    name: 'drop-half-a-batch',
    what: 'a batch is dropped of which only a part may go',
    breaks: 'no silent loss',
    file: 'src/store/log-book.ts',
    find: 'else if (last > through) continue',
    replace: 'else if (base > through) continue',
    by: 'test/unit/store-book/log-book.test.ts'
  },
  {
    name: 'forgotten-log-comes-back',
    what: 'a log that was forgotten is taken in again, and delivered again',
    breaks: 'processed once in effect',
    file: 'src/store/forgotten.ts',
    find: 'number === incarnation.number && random === incarnation.random',
    replace: 'number > incarnation.number && random === incarnation.random',
    by: 'test/unit/store-book/log-book.test.ts'
  },
  {
    name: 'own-damage-not-fetched',
    what: 'a damaged batch of the log that a node writes is asked of nobody before the next start',
    breaks: 'honest failure: quarantine, fetch again from peers',
    file: 'src/node/engine.ts',
    find: 'this.wants.damaged(log, from, to)',
    replace: '',
    by: 'test/simulation/damage.test.ts'
  },
  {
    name: 'damage-found-one-by-one',
    what: 'after one damaged batch the others of its channel are found out only when their turn comes, ten minutes after one another',
    breaks: 'no silent loss: who waits is told what will not come',
    file: 'src/node/engine.ts',
    find: 'this.inspection.begin(log.channel)\n',
    replace: '\n',
    by: 'test/simulation/damage.test.ts'
  },
  {
    name: 'awaited-channel-forgotten',
    what: 'a channel of which nothing is here and nobody speaks is forgotten with what a subscription waits for in it',
    breaks: 'no silent loss: a stall',
    file: 'src/node/channels.ts',
    find: ' || this.#c.awaits(channel)) continue',
    replace: ') continue',
    by: 'test/simulation/channel-idle.test.ts'
  },
  {
    name: 'two-lanes-one-row',
    what: 'what was fetched back of a log that is being written goes to disk with a row of its own, which takes the place of a newer one',
    breaks: 'durable publish',
    file: 'src/inbox/intake.ts',
    find: 'this.#o.writesRow?.(log) ?? true',
    replace: 'true',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'goes-on-with-damaged-row',
    what: 'a row that is not what was written is found, and the node goes on',
    breaks: 'honest failure: stop and say so',
    file: 'src/node/fail-stop.ts',
    find: 'this.clock.soon(() => { this.#failed(error) })',
    replace: '',
    by: 'test/simulation/damage.test.ts'
  },
  {
    name: 'journal-not-flushed',
    what: 'a commit is done when it is in the journal’s pages in memory',
    breaks: 'durable publish: power loss',
    file: 'src/store/journal.ts',
    find: 'constants.O_RDWR | DURABLE)',
    replace: 'constants.O_RDWR)',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'journal-of-an-earlier-life',
    what: 'what an earlier life left in the journal is taken for this one’s',
    breaks: 'honest failure: a commit comes back that was undone since',
    file: 'src/store/journal-record.ts',
    find: '|| Buffer.compare(from.subarray(at + 4, at + 12), id) !== 0',
    replace: '',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'journal-hole-passed-over',
    what: 'what follows a record that cannot be read is left out in silence',
    breaks: 'honest failure: never truncate in silence',
    file: 'src/store/journal.ts',
    find: 'if (highest > last + 1) throw',
    replace: 'if (highest < 0) throw',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'journal-gone-unnoticed',
    what: 'a store that was not closed is opened without its journal',
    breaks: 'honest failure: never start empty',
    file: 'src/store/journal.ts',
    find: 'if (!existsSync(path)) throw corrupt(path, \'it is gone, and the store was not closed\')',
    replace: 'if (!existsSync(path)) return { overlay: new Overlay(), last: mark.applied }',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'journal-written-over',
    what: 'a half of the journal is used again before the tables have what is in it',
    breaks: 'durable publish',
    file: 'src/store/journal.ts',
    find: 'this.#other.used === 0 ? \'now\' : \'later\'',
    replace: 'this.#other.used >= 0 ? \'now\' : \'later\'',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'journal-damage-not-seen',
    what: 'a record of the journal that is not what was written is taken for one',
    breaks: 'honest failure: altered bytes',
    file: 'src/store/journal-record.ts',
    find: 'crc32(from.subarray(payloadAt, payloadAt + payloadBytes)) === from.readUInt32BE(at + 24)',
    replace: 'true',
    by: 'test/unit/store/journal.test.ts'
  },
  {
    name: 'deleted-shows-through',
    what: 'what was deleted is read from the tables as long as only the journal knows of it',
    breaks: 'exactly once in effect',
    file: 'src/store/overlay.ts',
    find: 'if (row !== undefined) return row.length === 0 ? null : row',
    replace: 'if (row !== undefined) return row.length === 0 ? undefined : row',
    by: 'test/unit/store/overlay.test.ts'
  },
  {
    name: 'old-row-shows-through',
    what: 'of two rows that only the journal has under one key the older is read',
    breaks: 'exactly once in effect',
    file: 'src/store/overlay.ts',
    find: 'for (let i = layers.length - 1; i >= 0; i--) {\n      const layer = layers[i] as Overlay',
    replace: 'for (let i = 0; i < layers.length; i++) {\n      const layer = layers[i] as Overlay',
    by: 'test/unit/store/overlay.test.ts'
  },
  {
    name: 'range-ends-early',
    what: 'a range over tables and journal ends where the first of them had told a page',
    breaks: 'silent loss: records are not read',
    file: 'src/store/overlay.ts',
    find: 'if (known === undefined) break\n',
    replace: 'break\n',
    by: 'test/unit/store/overlay.test.ts'
  },
  {
    name: 'pending-room-not-counted',
    what: 'the disk has room twice for what is only in the journal',
    breaks: 'a full disk kills the process',
    file: 'src/store/room.ts',
    find: 'freeBytes: freeBytes - (this.#options.pending?.() ?? 0)',
    replace: 'freeBytes',
    by: 'test/unit/store/room.test.ts'
  },
  {
    name: 'refused-with-room-to-be-had',
    what: 'a full disk refuses what would find room if the journal were put into the tables',
    breaks: 'the outbox is full, and acks must still be sent',
    file: 'src/store/commit-queue.ts',
    find: 'group.some(({ refusal }) => refusal !== undefined) ? this.#parts.relieve?.() : undefined',
    replace: 'undefined as Promise<void> | undefined',
    by: 'test/unit/store/commit-queue.test.ts'
  }
]
