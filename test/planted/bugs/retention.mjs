/** What is trimmed and dropped, and when. */
export const RETENTION = [
  {
    name: 'room-made-of-unsettled',
    what: 'a full outbox that is to refuse drops what nobody has settled',
    breaks: 'bounded: accepted work is never dropped',
    file: 'src/outbox/retention.ts',
    find: 'return evict ? log.head : Math.min(log.head, this.#c.floor(log) - 1)',
    replace: 'return log.head',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'trim-ignores-other-nodes',
    what: 'a full outbox drops what durable subscriptions of other nodes have not settled',
    breaks: 'bounded: accepted work is never dropped',
    file: 'src/node/emission.ts',
    find: 'for (const { peerId, name } of this.#e.directory.claims(log.channel)) floor',
    replace: 'for (const { peerId, name } of []) floor',
    by: 'test/unit/node/emission.test.ts'
  },
  {
    name: 'trim-one-batch-too-far',
    what: 'a batch is dropped of which a subscription needs the last records',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'if (batch === undefined || batch.last > limit) break',
    replace: 'if (batch === undefined || batch.base > limit) break',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'clock-jump-empties-store',
    what: 'a clock that jumps ahead expires everything in one step',
    breaks: 'clock jumps',
    file: 'src/outbox/retention.ts',
    find: 'const until = Math.min(cutoff, first.time + STEP_MS)',
    replace: 'const until = cutoff',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'relay-drops-what-it-needs',
    what: 'a node drops records of others that its own subscription has not settled',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'const limit = this.#c.localFloor(log) - 1',
    replace: 'const limit = log.head',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'dropped-before-settled-on-disk',
    what: 'records may be dropped whose acks are not on disk',
    breaks: 'no silent loss: gone after a crash, and not processed',
    file: 'src/inbox/cursor.ts',
    find: 'return Math.min(this.durableMark + 1, late)',
    replace: 'return Math.min(this.mark + 1, late)',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'trim-not-signed',
    what: 'what a publisher drops is not said in a signed trim',
    breaks: 'no silent loss: nobody can tell what is gone',
    file: 'src/outbox/retention.ts',
    find: 'this.#c.book.noteTrim(log, trim, signTrim(this.#c.crypto, this.#c.mesh, trim))',
    replace: '',
    by: 'test/simulation/accounts.test.ts'
  },
  {
    name: 'trim-not-durable',
    what: 'what was trimmed is not in the row of the log',
    breaks: 'no silent loss: after a restart nobody can tell what is gone',
    file: 'src/store/log-state.ts',
    find: 'trim: this.trimBytes as Bytes,',
    replace: 'trim: new Uint8Array(0),',
    by: 'test/unit/store-book/log-book.test.ts'
  },
  {
    name: 'newest-life-trimmed-first',
    what: 'room is made of the present life of a publisher before its earlier ones',
    breaks: 'order of retention',
    file: 'src/outbox/retention.ts',
    find: '.sort((a, b) => a.incarnation.number - b.incarnation.number)',
    replace: '.sort((a, b) => b.incarnation.number - a.incarnation.number)',
    by: 'test/unit/outbox/retention.test.ts'
  }
]
