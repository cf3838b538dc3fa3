/** Delivery: cursors, order, redelivery, gaps, dead letters. */
export const INBOX = [
  {
    name: 'ack-before-commit',
    what: 'an ack is answered before the cursor is on disk',
    breaks: 'processed once in effect',
    file: 'src/inbox/committer.ts',
    find: 'const acks = cursor.takeAcks()\n',
    replace: 'const acks = cursor.takeAcks()\n      for (const done of acks.splice(0)) done()\n',
    by: ['simulation', 'test/unit/inbox/subscriptions.test.ts']
  },
  {
    name: 'acks-lost-on-full-disk',
    what: 'acks that a full disk refused are never written, and whoever waits for them waits for ever (hang)',
    breaks: 'bounded: acking goes on when there is room',
    file: 'src/inbox/committer.ts',
    find: 'this.#urgent.add(cursor)\n    }\n    if (!isSkeinError',
    replace: '}\n    if (!isSkeinError',
    by: 'test/unit/inbox/subscriptions.test.ts'
  },
  {
    name: 'dead-letter-lost',
    what: 'a record that is given up on is not written to the dead letters',
    breaks: 'no silent loss',
    file: 'src/inbox/committer.ts',
    find: "ops.push({ type: 'put', table: 'dead', key: deadKey(subscription, letter.sequence), value: letter.row })",
    replace: '',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'redriven-letter-stays',
    what: 'a dead letter that was redriven and acked is still there, and comes again',
    breaks: 'processed once in effect',
    file: 'src/inbox/committer.ts',
    find: "for (const [sequence, { letter }] of resettled) if (letter === undefined) ops.push({ type: 'del', table: 'dead', key: deadKey(subscription, sequence) })",
    replace: '',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'cursor-window',
    what: 'of what is settled above the watermark only the latest 8 ranges are remembered',
    breaks: 'processed once in effect: dedupe window overflows',
    file: 'src/inbox/cursor.ts',
    find: 'this.settled.add(from, to)\n',
    replace: 'this.settled.add(from, to)\n    for (const old of this.settled.ranges().slice(1, -8)) this.settled.remove(old.from, old.to)\n',
    by: ['simulation', 'test/unit/inbox/delivery.test.ts']
  },
  {
    name: 'settled-above-watermark-forgotten',
    what: 'a restart delivers again what was acked out of order',
    breaks: 'processed once in effect',
    file: 'src/inbox/rows.ts',
    find: 'cursor.settled = RangeSet.decode(ranges)',
    replace: 'cursor.settled = RangeSet.of([1, RangeSet.decode(ranges).firstMissing(1) - 1])',
    by: ['simulation', 'test/unit/inbox/model.test.ts']
  },
  {
    name: 'attempts-forgotten',
    what: 'a restart counts the attempts of a record from 0 again, so that a poison message never ends',
    breaks: 'poison message',
    file: 'src/inbox/rows.ts',
    find: 'entry.attempts = reader.number()',
    replace: 'reader.number()',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'nack-loses-record',
    what: 'a nacked record is settled and never comes again',
    breaks: 'no silent loss',
    file: 'src/inbox/deliveries.ts',
    find: 'this.#work.hold(entry, this.#env.clock.nowMs() + Math.min(DELAY_MS_MAX, Math.max(0, delayMs)))',
    replace: 'this.#work.settle(entry)',
    by: ['simulation', 'test/unit/inbox/delivery.test.ts']
  },
  {
    name: 'timeout-loses-record',
    what: 'a delivery that was not settled in time is forgotten: it neither comes again nor is buried',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/deliveries.ts',
    find: 'this.#work.hold(entry, isLast ? nowMs + row.backoffMaxMs : nowMs)',
    replace: 'this.#work.drop(entry)',
    by: ['simulation', 'test/unit/inbox/redelivery.test.ts']
  },
  {
    name: 'late-ack-accepted',
    what: 'a consumer may settle a delivery that another one has in hand',
    breaks: 'late control message',
    file: 'src/inbox/deliveries.ts',
    find: 'if (entry === undefined || entry.owner !== consumer) return undefined',
    replace: 'if (entry === undefined) return undefined',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'ack-told-by-an-earlier-commit',
    what: 'acks made while a commit is under way share the promise of those that are in it',
    breaks: 'processed once in effect',
    file: 'src/inbox/cursor.ts',
    find: 'this.acks = []\n    this.#shared = undefined\n',
    replace: 'this.acks = []\n',
    by: 'test/unit/inbox/subscriptions.test.ts'
  },
  {
    name: 'closed-consumer-keeps-records',
    what: 'what a closed consumer had in hand is given to nobody else before it times out',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/deliveries.ts',
    find: 'this.#work.free(entry, nowMs)',
    replace: '',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'nacked-record-overtaken',
    what: 'records behind a nacked one are delivered before it comes again',
    breaks: 'order',
    file: 'src/inbox/work.ts',
    find: "if (!this.keyed) entry.cursor.holdBack(entry)\n    entry.state = 'waiting'",
    replace: "entry.state = 'waiting'",
    by: ['simulation', 'test/unit/inbox/delivery.test.ts']
  },
  {
    name: 'key-lanes-ignored',
    what: 'with parallel handlers two records of one key are in hand at once',
    breaks: 'order per key',
    file: 'src/inbox/scan.ts',
    find: 'if (parts.keyed && record.key !== undefined && !entry.holdsKey && !parts.lanes.enter(entry, record.key)) {',
    replace: 'if (parts.keyed && record.key !== undefined && !entry.holdsKey && !parts.lanes.enter(entry, `${record.key} ${entry.position}`)) {',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'key-given-to-nobody',
    what: 'the records behind one of the same key are never delivered',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/work.ts',
    find: 'if (next !== undefined) this.#makeReady(next)',
    replace: '',
    by: ['simulation', 'test/unit/inbox/redelivery.test.ts']
  },
  {
    name: 'expired-delivered',
    what: 'a record whose time is over is delivered',
    breaks: 'no silent loss: it counts as expired and is processed',
    file: 'src/inbox/scan.ts',
    find: 'return record.expiresAt !== 0 && record.expiresAt',
    replace: 'return false && record.expiresAt',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'hole-passed-over',
    what: 'a position that is still to come is passed over in silence',
    breaks: 'no silent loss',
    file: 'src/inbox/scan.ts',
    find: 'if (!log.held.has(position)) return this.#takeHole(cursor, position, nowMs)',
    replace: 'if (!log.held.has(position) && position < log.held.last) { cursor.next++; parts.pass(cursor, position, position); return undefined }\n    if (!log.held.has(position)) return this.#takeHole(cursor, position, nowMs)',
    by: ['simulation', 'test/unit/inbox/delivery.test.ts']
  },
  {
    name: 'lives-of-one-number-mixed',
    what: 'of two lives of a publisher with one number neither is the later one, and their records come mixed',
    breaks: 'order',
    file: 'src/inbox/succession.ts',
    find: 'return compareIncarnations(incarnation, this.#latest) === 0',
    replace: 'return incarnation.number === this.#latest.number',
    by: 'test/unit/inbox/incarnations.test.ts'
  },
  {
    name: 'judged-in-memory-only',
    what: 'what has expired or is a gap is passed over before that is on disk, and comes after what lay behind it when a crash forgets it',
    breaks: 'order',
    file: 'src/inbox/cursor.ts',
    find: 'return this.judged !== this.judgedOnDisk',
    replace: 'return false',
    by: 'test/unit/inbox/judged.test.ts'
  },
  {
    name: 'judged-run-by-run',
    what: 'where expired records and others come in turn, each of the others waits for a commit of its own',
    breaks: 'bounded: commits where records have expired',
    file: 'src/inbox/scan.ts',
    find: 'this.#judgeAhead(cursor, position + 1)',
    replace: '',
    by: 'test/unit/inbox/judged.test.ts'
  },
  {
    name: 'judged-meanwhile-waits',
    what: 'when more is judged while a commit is under way, what waits for that to be on disk waits for the next lazy commit',
    breaks: 'no stall',
    file: 'src/inbox/subscription-core.ts',
    find: "if (cursor.stall === 'judged' || this.#work.hasAside(cursor)) this.hurry(cursor)",
    replace: '',
    by: 'test/unit/inbox/judged.test.ts'
  },
  {
    name: 'waits-for-what-is-beyond',
    what: 'a later log waits for the disk also with what is judged of the earlier one beyond its end',
    breaks: 'no stall',
    file: 'src/inbox/order.ts',
    find: 'earlier.judgedOnDisk >= cursor.gate.judged',
    replace: '!earlier.awaitsDisk',
    by: 'test/unit/inbox/judged.test.ts'
  },
  {
    name: 'late-record-dropped',
    what: 'what was given up and turns up after all is not delivered',
    breaks: 'no silent loss',
    file: 'src/inbox/cursor.ts',
    find: 'this.turnedUp.add(Math.max(from, range.from), Math.min(to, range.to))',
    replace: '',
    by: 'test/unit/inbox/incarnations.test.ts'
  },
  {
    name: 'later-life-first',
    what: 'records of a later life of a publisher are delivered before those of the earlier one',
    breaks: 'order of incarnations',
    file: 'src/inbox/order.ts',
    find: 'if (!waitsStill(cursor, parts, nowMs)) {',
    replace: 'if (waitsStill !== undefined) {',
    by: ['simulation', 'test/unit/inbox/incarnations.test.ts']
  },
  {
    name: 'later-life-waits-for-ever',
    what: 'when the end of an earlier life is lost for good the later one is never delivered',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/order.ts',
    find: 'else parts.giveUp(earlier, end.position)',
    replace: 'else parts.waitUntil(cursor, nowMs + parts.orderWaitMs)',
    by: 'test/unit/inbox/incarnations.test.ts'
  },
  {
    name: 'gap-not-told',
    what: 'what will not come is settled, and nobody is told',
    breaks: 'no silent loss',
    file: 'src/inbox/subscription-core.ts',
    find: 'this.#env.gap({ subscription: this.name, publisher: log.publisher, incarnation: cursor.incarnation, channel: log.channel, from, to, reason })',
    replace: '',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'gap-stalls',
    what: 'a gap is told and not settled, so that the subscription is never done with it',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/subscription-core.ts',
    find: "if (cursor.settle(from, to)) this.#moved(cursor)\n    this.#env.dirty(cursor, 'now')",
    replace: "this.#env.dirty(cursor, 'now')",
    by: ['simulation', 'test/simulation/accounts.test.ts']
  },
  {
    name: 'gap-one-too-long',
    what: 'a gap takes in one position more than will not come',
    breaks: 'no silent loss: a gap that is not justified',
    file: 'src/inbox/cursor.ts',
    find: 'let to = set.firstMissing(position) - 1',
    replace: 'let to = set.firstMissing(position)',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'latest-one-too-early',
    what: 'a subscription from `latest` gets the record before its creation',
    breaks: 'what a subscription claims',
    file: 'src/inbox/start.ts',
    find: 'cursor.skipThrough(log.head)',
    replace: 'cursor.skipThrough(log.head - 1)',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'latest-forgotten-on-restart',
    what: 'after a restart a subscription from `latest` begins at the end again, and skips what came meanwhile',
    breaks: 'no silent loss',
    file: 'src/inbox/subscriptions.ts',
    find: 'this.#p.index.add(core.learn(log, false))',
    replace: 'this.#p.index.add(core.learn(log, true))',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'start-proof-swallows-claims',
    what: 'a proof of how old records are skips also those a subscription claims',
    breaks: 'no silent loss',
    file: 'src/inbox/subscription-core.ts',
    find: 'if (cursor.since === 0 || cursor.since + this.offsetOf(cursor.log.publisher) < since || through < cursor.start) return',
    replace: 'if (through < cursor.start) return',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'removed-subscription-leaves-rows',
    what: 'of a subscription that was removed the dead letters stay',
    breaks: 'bounded',
    file: 'src/inbox/subscriptions.ts',
    find: "for (const key of store.keys('dead', {",
    replace: "for (const key of store.keys('forgotten', {",
    by: 'test/unit/inbox/subscriptions.test.ts'
  },
  {
    name: 'one-more-in-flight',
    what: 'a consumer is given one delivery more than the maxInFlight it asked for',
    breaks: 'bounded: maxInFlight',
    file: 'src/inbox/deliveries.ts',
    find: '    if (consumer.inFlight < consumer.options.maxInFlight) {',
    replace: '    if (consumer.inFlight <= consumer.options.maxInFlight) {',
    by: 'simulation'
  },
  {
    name: 'given-up-stays-given-up',
    what: 'what was given up, came and was damaged is not told to be a gap, and the subscription stands there for ever',
    breaks: 'no silent loss',
    file: 'src/inbox/cursor.ts',
    find: 'if (this.doomed.size > 0) this.undoom(from, to)',
    replace: '',
    by: 'test/unit/inbox/redelivery.test.ts'
  },
  {
    name: 'settled-letter-redriven',
    what: 'a redriven dead letter whose ack is not on disk yet can be redriven again, and is acked and dead at once',
    breaks: 'processed once in effect: a settled message comes again',
    file: 'src/inbox/dead-letters.ts',
    find: 'if (again !== undefined) return',
    replace: 'if (again?.letter !== undefined) return',
    by: ['test/unit/inbox/delivery.test.ts', 'simulation']
  },
  {
    name: 'reburied-letter-hidden',
    what: 'a redriven dead letter that is buried again is none until that is on disk, however long the disk is full',
    breaks: 'honest failure: dead letters',
    file: 'src/inbox/dead-letters.ts',
    find: 'return again.letter?.letter',
    replace: 'return undefined',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'redriven-before-it-is-dead',
    what: 'a dead letter that failed again is handed out before it is on disk that it did, and what is settled is taken for written',
    breaks: 'processed once in effect: a settled message comes again',
    file: 'src/inbox/subscription-core.ts',
    find: 'if (cursor.unwritten.get(sequence)?.letter !== undefined) {',
    replace: 'if (cursor.unwritten.get(sequence)?.letter === null) {',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'ephemeral-for-later',
    what: 'ephemeral messages wait in a subscription whose last consumer has gone, for the next that comes',
    breaks: 'ephemeral is ephemeral: to whoever is attached',
    file: 'src/inbox/deliveries.ts',
    find: 'if (this.consumers.length === 0) this.#ephemeral.length = 0\n',
    replace: '',
    by: 'simulation'
  },
  {
    name: 'own-log-passed-over',
    what: 'what a node publishes after its clock has gone back is passed over by its own subscription from latest',
    breaks: 'no silent loss',
    file: 'src/inbox/start.ts',
    find: "} else if (row.from !== 'latest' || !present) {",
    replace: '} else if (row.createdAt >= 0) {',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'lazy-rows-forgotten',
    what: 'what changed in passing while a commit was under way stays off the disk until something else happens',
    breaks: 'publishers are told what is settled',
    file: 'src/inbox/committer.ts',
    find: '    else if (this.#rest.size > 0 && this.#soonTimer === undefined) this.#lazyTimer ??= this.#lazily()\n',
    replace: '',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'own-start-in-memory-only',
    what: 'where a subscription starts in its own node’s log is not on disk when the first message is handed out, and the next life passes over it',
    breaks: 'no silent loss',
    file: 'src/inbox/start.ts',
    find: '    cursor.judged++',
    replace: '    cursor.judged += 0',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'acks-wait-though-there-is-more',
    what: 'whoever awaits each ack is slowed down to one in 3 ms',
    breaks: 'nothing: consumers are slow',
    file: 'src/inbox/committer.ts',
    find: 'if (core.hasMore || ',
    replace: 'if (',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'acks-wait-for-a-batch',
    what: 'what was settled waits for the next batch, however long that takes',
    breaks: 'processed once in effect',
    file: 'src/inbox/committer.ts',
    find: 'this.#heldTimer ??= this.#parts.clock.after(ALONGSIDE_MS, () => { this.#heldTimer = undefined; this.flush() })',
    replace: 'return',
    by: 'test/unit/inbox/delivery.test.ts'
  }
]
