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
    find: 'if (peerId !== log.publisher) floor = Math.min(floor, this.#e.receipts.unsettledFrom(log, peerId, name))',
    replace: '',
    by: 'test/unit/node/emission.test.ts'
  },
  {
    name: 'processed-trim-ignores-claims',
    what: 'where records are kept until they are processed, those are trimmed too that somebody has not settled',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'this.#oldest(log, ALL, Math.min(log.head, floor - 1))',
    replace: 'this.#oldest(log, ALL, log.head)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'processed-trim-of-nobody',
    what: 'where records are kept until they are processed, all go while no subscription is known',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'floor === Number.POSITIVE_INFINITY ? NOTHING : this.#oldest(log, ALL,',
    replace: 'this.#oldest(log, ALL,',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'custody-without-quota',
    what: 'a custodian takes in whatever it is sent',
    breaks: 'bounded',
    file: 'src/node/custodian.ts',
    find: 'if (total <= this.#bytesMax && own <= this.#publisherMax && this.#hasSpareDisk()) return true',
    replace: 'return true',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'quota-without-what-is-staged',
    what: 'a channel takes in what comes at once without counting what is on its way to disk',
    breaks: 'bounded',
    file: 'src/node/custodian.ts',
    find: '(book.bytes(channel, false) + staged.channel.bytes) / quota.bytes',
    replace: 'book.bytes(channel, false) / quota.bytes',
    by: 'test/unit/node/custodian.test.ts'
  },
  {
    name: 'behind-a-denied-hole-not-asked',
    what: 'a node that had no room once does not ask for what lies behind a hole that everybody denies, though there is room again',
    breaks: 'slow healing',
    file: 'src/repair/puller.ts',
    find: '? [missing] : [before, missing]) {',
    replace: '? [missing] : [before]) {',
    by: 'test/unit/repair/pull-lies.test.ts'
  },
  {
    name: 'trim-before-its-subscription',
    what: 'when the clock goes back a trim counts as older than the subscription that claims what it covers, and nothing is told',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'Math.max(Math.floor(this.#c.clock.wallMs()), this.#c.latestCreationMs(log.channel) + 1)',
    replace: 'Math.floor(this.#c.clock.wallMs())',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'claimed-and-passed-over',
    what: 'what is trimmed behind something handed out is passed over in silence when its publisher’s clock has gone back',
    breaks: 'no silent loss',
    file: 'src/inbox/scan.ts',
    find: 'if (position === cursor.start && trimmedUnclaimed(',
    replace: 'if (trimmedUnclaimed(',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'full-and-asks-one-neighbour',
    what: 'a node with no room asks for the first hole only whoever has what it then does not let in',
    breaks: 'no silent loss, no stall',
    file: 'src/repair/puller.ts',
    find: 'refusals.deniedMs(a, missing.first) - refusals.deniedMs(b, missing.first)',
    replace: '0',
    by: 'test/unit/repair/pull-lies.test.ts'
  },
  {
    name: 'custody-asks-in-vain',
    what: 'a custodian that has no room goes on fetching what it then refuses',
    breaks: 'bounded',
    file: 'src/node/wants.ts',
    find: 'if (this.#e.custodian.hasRoom(log.publisher)) return { from: Math.min(needs',
    replace: 'if (keepFrom > 0) return { from: Math.min(needs',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'custody-drops-what-is-owed',
    what: 'a custodian drops for room what a subscription elsewhere waits for',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'return (local ? this.#c.localFloor(log) : this.#c.floor(log)) - 1',
    replace: 'return this.#c.localFloor(log) - 1',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'others-before-own-disk',
    what: 'what others publish may use up the disk that this node needs for what it publishes itself',
    breaks: 'bounded',
    file: 'src/store/room.ts',
    find: 'else if (yields && !this.#mayYield(left, needBytes, reserve)) return false',
    replace: '',
    by: 'test/unit/store/room.test.ts'
  },
  {
    name: 'trim-one-batch-too-far',
    what: 'a batch is dropped of which a subscription needs the last records',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'records < wanted.records) && batch.last <= limit)',
    replace: 'records < wanted.records) && batch.base <= limit)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'clock-jump-empties-store',
    what: 'a clock that jumps ahead expires everything in one step',
    breaks: 'clock jumps',
    file: 'src/outbox/retention.ts',
    find: 'const until = Math.min(cutoff, time + STEP_MS)',
    replace: 'const until = cutoff',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'relay-drops-what-it-needs',
    what: 'a node drops records of others that its own subscription has not settled',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'const through = Math.min(this.#c.localFloor(log) - 1, Math.max(',
    replace: 'const through = Math.min(log.head, Math.max(',
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
    name: 'refused-drop-forgotten',
    what: 'what a full disk did not let go is not known any more, and counts again after a restart',
    breaks: 'bounded',
    file: 'src/store/log-book.ts',
    find: 'if (!log.held.overlaps(base, last)) this.#count(log, bytes, log.held.add(base, last))',
    replace: 'if (log.held.overlaps(base, last)) this.#count(log, bytes, 0)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'trimmed-and-still-there',
    what: 'what was trimmed and a full disk did not let go stays for ever',
    breaks: 'bounded',
    file: 'src/outbox/retention.ts',
    find: 'else this.#drop(log, this.#c.isCurrent(log) ? log.trimmed :',
    replace: 'else this.#drop(log, this.#c.isCurrent(log) ? 0 :',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'trimmed-by-a-lost-life',
    what: 'a node put back from an older copy drops what its own subscriptions need, because the life that is lost had trimmed it',
    breaks: 'no silent loss: a gap for what is on this very disk',
    file: 'src/outbox/retention.ts',
    find: 'log.trimmed : Math.min(log.trimmed, this.#c.localFloor(log) - 1), log.trimmed, pass)',
    replace: 'log.trimmed : log.trimmed, log.trimmed, pass)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'full-disk-asked-without-rest',
    what: 'a disk that has no room even for dropping is asked again and again, without a pause',
    breaks: 'bounded: a busy loop',
    file: 'src/node/housekeeping.ts',
    find: 'return this.#refused || this.#trims.has(channel)',
    replace: 'return this.#trims.has(channel)',
    by: 'test/unit/node/housekeeping.test.ts'
  },
  {
    name: 'made-anew-and-taken-for-settled',
    what: 'what a subscription had settled is taken for settled by another of its name, made later',
    breaks: 'no silent loss: what its publisher still has is called unrecoverable',
    file: 'src/node/engine.ts',
    find: 'begun: (log, name) => { this.receipting.begun(log, name) },',
    replace: 'begun: () => {},',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'given-up-for-all-who-come',
    what: 'a custodian that gave up what it is to fetch again does not look for it for whoever comes later',
    breaks: 'no silent loss',
    file: 'src/node/wants.ts',
    find: 'this.#gone.get(log)?.remove(from, log.dropped)\n',
    replace: '{}\n',
    by: 'test/unit/node/wants.test.ts'
  },
  {
    name: 'refused-chore-not-told',
    what: 'a full disk refuses what was to be dropped, and nobody is told',
    breaks: 'bounded',
    file: 'src/outbox/outbox.ts',
    find: 'if (error !== undefined) for (const { refused } of chores) refused()',
    replace: '',
    by: 'test/unit/outbox/outbox.test.ts'
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
    name: 'custodian-drops-what-others-need',
    what: 'a custodian makes room of what subscriptions elsewhere have not settled',
    breaks: 'bounded: accepted work is never dropped',
    file: 'src/outbox/retention.ts',
    find: 'return (local ? this.#c.localFloor(log) : this.#c.floor(log)) - 1',
    replace: 'return this.#c.localFloor(log) - 1',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'dropped-for-good',
    what: 'a custodian does not fetch again what all had settled, for a subscription that it hears of later',
    breaks: 'no silent loss: what its publisher still has is called unrecoverable',
    file: 'src/node/wants.ts',
    find: 'return Math.min(keepFrom, Math.max(log.trimmed + 1, log.letGo + 1, this.#owed.get(log) ?? keepFrom))',
    replace: 'return keepFrom',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'full-of-what-lies-behind',
    what: 'a custodian full of what lies behind what subscriptions wait for lets nothing of that in, and never has room',
    breaks: 'no stall',
    file: 'src/node/custodian.ts',
    find: "return filled <= CHANNEL_SLACK || (batch.base <= hole && !log.held.has(emission.floor(log)) && staged.publisher.bytes === 0)",
    replace: 'return false',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'awaits-what-it-has-given-up',
    what: 'a custodian without room says that it will have what it has given up: others wait for an hour',
    breaks: 'no stall',
    file: 'src/node/wants.ts',
    find: 'const awaited = missing.without(this.#gone.get(log) ?? new RangeSet())',
    replace: 'const awaited = missing.clone()',
    by: 'test/unit/node/wants.test.ts'
  },
  {
    name: 'dropped-for-a-restored-subscriber',
    what: 'a custodian does not fetch again what it dropped, for a subscription that has lost what it settled',
    breaks: 'no silent loss: what its publisher still has is called unrecoverable',
    file: 'src/node/wants.ts',
    find: 'processed.some(({ ranges }) => ranges.firstMissing(1) <= log.dropped) || before',
    replace: 'before',
    by: 'test/unit/node/wants.test.ts'
  },
  {
    name: 'fetched-again-and-again',
    what: 'a custodian fetches again what it had dropped for its age, drops it, and fetches it again',
    breaks: 'healing does not flood',
    file: 'src/outbox/retention.ts',
    find: 'this.#c.floor(log) <= through ? through : expired',
    replace: '0',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'custody-for-the-publisher',
    what: 'a custodian keeps a publisher’s records for the publisher’s own subscriptions, of which it never hears, and has no room for others',
    breaks: 'no silent loss: what others wait for is refused for ever',
    file: 'src/node/emission.ts',
    find: 'if (peerId !== log.publisher) floor',
    replace: 'floor',
    by: 'test/unit/node/emission.test.ts'
  },
  {
    name: 'custodian-forgets-others-for-itself',
    what: 'a custodian that subscribes a channel drops for room what others there have not settled',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'this.#spare(log, false)',
    replace: 'this.#spare(log)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'custody-quota-ignored',
    what: 'a custodian keeps all that a publisher sends, and has no room left for others',
    breaks: 'custodian flooded',
    file: 'src/node/custodian.ts',
    find: 'if (total <= this.#bytesMax && own <= this.#publisherMax && this.#hasSpareDisk()) return true',
    replace: 'if (this.#hasSpareDisk()) return true',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'custody-fills-the-disk',
    what: 'what is kept for others takes the last part of the disk, and nothing can be published here',
    breaks: 'custodian flooded: own data first',
    file: 'src/node/custodian.ts',
    find: 'if (total <= this.#bytesMax && own <= this.#publisherMax && this.#hasSpareDisk()) return true',
    replace: 'if (total <= this.#bytesMax && own <= this.#publisherMax) return true',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'refused-custody-never-asked-again',
    what: 'what a custodian had no room for is not asked for again when it has',
    breaks: 'a publisher and a subscriber that never meet',
    file: 'src/node/custodian.ts',
    find: 'for (const publisher of free) this.#refused.delete(publisher)',
    replace: 'return',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'processed-though-nobody-is-known',
    what: 'with `until: processed` everything is trimmed while no durable subscription is known',
    breaks: 'no silent loss',
    file: 'src/outbox/retention.ts',
    find: 'return floor === Number.POSITIVE_INFINITY ? NOTHING : this.#oldest',
    replace: 'return this.#oldest',
    by: 'test/simulation/retention-custody.test.ts'
  },
  {
    name: 'newest-life-trimmed-first',
    what: 'room is made of the present life of a publisher before its earlier ones',
    breaks: 'order of retention',
    file: 'src/outbox/retention.ts',
    find: '.sort((a, b) => a.incarnation.number - b.incarnation.number)',
    replace: '.sort((a, b) => b.incarnation.number - a.incarnation.number)',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'holes-fill-the-disk',
    what: 'what fills a hole is let in above the quota of its channel however large the hole is',
    breaks: 'bounded',
    file: 'src/node/custodian.ts',
    find: 'return filled < HOLES_SLACK ? this.#isWaitedFor(batch) : this.#isNext(batch)',
    replace: 'return this.#isWaitedFor(batch)',
    by: 'test/unit/node/custodian.test.ts'
  },
  {
    name: 'room-made-when-it-is-late',
    what: 'a node takes nothing more of a channel until the next pass, each time it is full',
    breaks: 'progress',
    file: 'src/node/custodian.ts',
    find: 'if (filled >= 1) housekeeping.makeRoom(channel)',
    replace: 'if (filled >= CHANNEL_SLACK) housekeeping.makeRoom(channel)',
    by: 'test/unit/node/custodian.test.ts'
  },
  {
    name: 'oldest-time-of-what-is-gone',
    what: 'how old the first batch of a log is counts for the next one too, which is kept for longer than it may',
    breaks: 'retention by age',
    file: 'src/outbox/retention.ts',
    find: 'if (oldest.position === held.first) return oldest.time',
    replace: 'if (oldest.position > 0) return oldest.time',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'dropping-does-not-go-on',
    what: 'of much that is past some megabytes go every half minute',
    breaks: 'bounded',
    file: 'src/outbox/retention.ts',
    find: 'found.more = true',
    replace: 'found.more = false',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'ids-outlive-their-records',
    what: 'publish ids of records that are gone pile up where many are published',
    breaks: 'bounded',
    file: 'src/node/housekeeping.ts',
    find: 'this.#idsOwed + 4 * records - looked',
    replace: 'this.#idsOwed - looked',
    by: 'test/unit/node/housekeeping.test.ts'
  },
  {
    name: 'trimmed-all-at-once',
    what: 'what its publisher has trimmed is dropped in one turn, however many megabytes it is',
    breaks: 'bounded: the event loop',
    file: 'src/store/log-book.ts',
    find: 'more = ops.length >= batches || read >= bytes',
    replace: 'more = ops.length >= batches',
    by: 'test/unit/outbox/retention.test.ts'
  },
  {
    name: 'passes-multiply',
    what: 'whoever asks for room begins another row of passes, that run side by side',
    breaks: 'bounded: the event loop',
    file: 'src/node/due-channels.ts',
    find: 'if (this.#isLater) return',
    replace: '',
    by: 'test/unit/node/housekeeping.test.ts'
  },
  {
    name: 'last-record-makes-room',
    what: 'a channel that keeps few records drops them as soon as they are settled, though nobody needs the room',
    breaks: 'retention by count',
    file: 'src/outbox/retention.ts',
    find: 'most * SLACK < batch ? most : most * FILLING',
    replace: 'most * FILLING',
    by: 'test/unit/outbox/retention.test.ts'
  }
]
