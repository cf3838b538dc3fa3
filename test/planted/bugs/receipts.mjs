/** What nodes say of how far messages got. */
export const RECEIPTS = [
  {
    name: 'processed-said-before-commit',
    what: 'a receipt says `processed` of acks that are not on disk',
    breaks: 'receipts',
    file: 'src/inbox/cursor-index.ts',
    find: 'ranges: RangeSet.decode(cursor.durableRanges)',
    replace: 'ranges: cursor.settled.clone()',
    by: 'test/unit/inbox/delivery.test.ts'
  },
  {
    name: 'receipt-forgets-what-was-dropped',
    what: 'a receipt takes back `stored` of what was stored and has been dropped since',
    breaks: 'receipts',
    file: 'src/inbox/receipting.ts',
    find: 'if (before !== undefined) stored.addAll(before.stored)',
    replace: '',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipt-claims-what-never-came',
    what: 'a receipt says `stored` of all below what was dropped, also of what never came',
    breaks: 'receipts',
    file: 'src/inbox/receipting.ts',
    find: 'if (before !== undefined) stored.addAll(before.stored)',
    replace: 'if (before !== undefined) stored.addAll(before.stored)\n    stored.add(1, log.dropped)',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipt-holes-joined',
    what: 'a receipt with too many ranges claims the holes between them',
    breaks: 'receipts',
    file: 'src/inbox/receipting.ts',
    find: 'for (const { from, to } of ranges.ranges().slice(0, max)) out.add(from, to)',
    replace: 'out.add(ranges.first, ranges.last)',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipt-not-passed-on',
    what: 'receipts of neighbours are kept and not passed on to the publisher',
    breaks: 'receipts over several hops',
    file: 'src/inbox/receipting.ts',
    find: 'if (this.#forwardSize < FORWARD_MAX) this.#forwards(',
    replace: 'if (this.#forwardSize > FORWARD_MAX) this.#forwards(',
    by: ['simulation', 'test/unit/intake/receipting.test.ts']
  },
  {
    name: 'older-receipt-wins',
    what: 'an older receipt that arrives late takes the place of a newer one',
    breaks: 'receipts: late control message',
    file: 'src/inbox/receipting.ts',
    find: ' || value.sequence <= sequence) {',
    replace: ') {',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipt-signature-not-checked',
    what: 'a receipt is believed that its node did not sign',
    breaks: 'receipts: a custodian lies',
    file: 'src/inbox/receipting.ts',
    find: "if (!opened.verify(this.#o.crypto)) { this.#o.strike(peerId, 'a receipt with a wrong signature'); return useless }\n      const copy",
    replace: 'const copy',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'publisher-counts-as-stored',
    what: 'the publisher counts itself among those that stored a message',
    breaks: 'receipts: `stored` says too much',
    file: 'src/outbox/receipt-book.ts',
    find: 'if (by === this.#o.self) continue',
    replace: '',
    by: 'test/unit/outbox/receipt-book.test.ts'
  },
  {
    name: 'receipt-not-written',
    what: 'a restart forgets the receipts that were received',
    breaks: 'receipts',
    file: 'src/outbox/receipt-book.ts',
    find: "ops.push({ type: 'put', table: 'receipt', key, value: entry.bytes })",
    replace: '',
    by: ['simulation', 'test/unit/outbox/receipt-book.test.ts']
  },
  {
    name: 'receipt-of-any-position',
    what: 'a message counts as stored when the one before it is',
    breaks: 'receipts: `stored` says too much',
    file: 'src/outbox/receipt-book.ts',
    find: 'if (content.stored.has(position)) stored.push(by)',
    replace: 'if (content.stored.has(position) || content.stored.has(position - 1)) stored.push(by)',
    by: 'test/unit/outbox/receipt-book.test.ts'
  },
  {
    name: 'unknown-subscription-counts-as-settled',
    what: 'a durable subscription that has not spoken yet counts as having settled everything',
    breaks: 'no silent loss: what it needs is trimmed',
    file: 'src/outbox/receipt-book.ts',
    find: 'return processed?.ranges.firstMissing(1) ?? 1',
    replace: 'return processed?.ranges.firstMissing(1) ?? log.head + 1',
    by: 'test/unit/outbox/receipt-book.test.ts'
  },
  {
    name: 'own-earlier-receipts-ignored',
    what: 'a node that lost its store and whose clock went back says what nobody believes, for what it said before has a higher number',
    breaks: 'receipts: clock jumps',
    file: 'src/inbox/receipting.ts',
    find: 'this.#said.set(log, value.sequence)',
    replace: '',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'route-kept-after-neighbour-went',
    what: 'receipts go to a neighbour that led to the publisher and is gone',
    breaks: 'receipts over several hops',
    file: 'src/directory/routes.ts',
    find: 'if (each === neighbour) this.#routes.set(key, { wordMs, neighbour: undefined })',
    replace: 'if (each === neighbour) this.#routes.set(key, { wordMs, neighbour })',
    by: 'test/unit/directory/routes.test.ts'
  },
  {
    name: 'route-by-known-word',
    what: 'a neighbour that tells what is known already becomes the way to a publisher, and ways go in circles',
    breaks: 'receipts over several hops',
    file: 'src/directory/routes.ts',
    find: 'if (wordMs <= (known?.wordMs ?? 0) ||',
    replace: 'if (wordMs < (known?.wordMs ?? 0) ||',
    by: 'test/unit/directory/routes.test.ts'
  },
  {
    name: 'receipts-lost-with-a-neighbour',
    what: 'what a neighbour has taken over and cannot pass on any more, for it is gone, is not sent another way',
    breaks: 'receipts over several hops',
    file: 'src/inbox/climb.ts',
    find: 'if (nowMs - atMs < HANDED_MS || this.#asksAll(log, peerId)) this.owe(log)',
    replace: 'if (nowMs < atMs) this.owe(log)',
    by: ['simulation', 'test/unit/intake/receipting.test.ts']
  },
  {
    name: 'receipt-number-given-twice',
    what: 'a node whose clock went back gives a receipt the number of one that an earlier life of it gave, if it had spoken before it heard of that life',
    breaks: 'receipts after a restart',
    file: 'src/inbox/receipting.ts',
    find: 'this.#spoken.get(log) === last ? 0 :',
    replace: 'this.#spoken.has(log) ? 0 :',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipts-lost-with-a-channel-left',
    what: 'what a neighbour has taken over when it had left the channel already, and so let drop, is not sent again',
    breaks: 'receipts over several hops',
    file: 'src/inbox/climb.ts',
    find: 'if (log.channel !== channel || log.publisher === peerId || nowMs - atMs >= HANDED_MS) continue',
    replace: 'if (nowMs >= atMs) continue',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipt-that-comes-back-dropped',
    what: 'a receipt that comes back because ways have changed is taken for known and goes no further',
    breaks: 'receipts over several hops',
    file: 'src/inbox/receipting.ts',
    find: 'if (value.sequence === sequence) this.#passOn(log, before, peerId, false)\n        else {',
    replace: 'if (value.sequence !== sequence) {',
    by: ['simulation', 'test/unit/intake/receipting.test.ts']
  },
  {
    name: 'circle-not-noticed',
    what: 'a neighbour that leads to the publisher no longer, and says so by sending receipts, is believed to lead there',
    breaks: 'receipts over several hops',
    file: 'src/inbox/climb.ts',
    find: 'this.#o.routeLost(log)\n    }',
    replace: '}',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'receipts-about-own-logs-not-compared',
    what: 'a publisher that comes back does not get from a relay what was said of its logs meanwhile',
    breaks: 'receipts: publisher and subscriber are never online together',
    file: 'src/outbox/receipt-book.ts',
    find: 'for (const key of this.#ofPublisher.get(of) ?? []) if (!this.#unshown.has(key)) yield * this.#logs.get(key)?.values() ?? []',
    replace: '',
    by: ['test/unit/repair/repair.test.ts', 'test/unit/outbox/receipt-book.test.ts']
  },
  {
    name: 'receipts-of-one-neighbour-unbounded',
    what: 'made-up receipts fill the memory as fast as they come',
    breaks: 'bounded',
    file: 'src/inbox/receipting.ts',
    find: 'if (growth > 0 && !this.#paces.take(peerId, this.#o.clock.nowMs(), growth)) {',
    replace: 'if (growth === Number.POSITIVE_INFINITY) {',
    by: 'test/unit/node/bad-peer-quotas.test.ts'
  },
  {
    name: 'receipt-of-what-cannot-be-shown',
    what: 'relays compare what was said of a log that one of them can never hear of, and send it for nothing each time they compare',
    breaks: 'bounded',
    file: 'src/outbox/receipt-book.ts',
    find: 'if (this.#o.book.get(key)?.canBeShown === false) this.#unshown.add(key)\n    else this.#compare(key, entry)',
    replace: 'this.#compare(key, entry)',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'receipts-of-closed-logs-compared',
    what: 'what is said of a closed log is compared for ever with those who can never take it in',
    breaks: 'receipts at scale',
    file: 'src/outbox/receipt-book.ts',
    find: 'const isClosed = this.#o.closed?.(log.id) === true',
    replace: 'const isClosed = false',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'paced-for-ever',
    what: 'a publisher that waits for each receipt has it after 10 ms each, once there was load',
    breaks: 'receipts: at once when idle',
    file: 'src/inbox/receipting.ts',
    find: 'this.#isPaced = this.#arrivals > 1',
    replace: 'this.#isPaced ||= this.#arrivals > 1',
    by: 'test/unit/intake/receipting.test.ts'
  },
  {
    name: 'a-receipt-for-each',
    what: 'each batch has a receipt of its own, whatever the load',
    breaks: 'receipts: bounded work',
    file: 'src/inbox/receipting.ts',
    find: 'const probes = !this.#isPaced && this.#arrivals > 0 && --this.#untilProbe === 0',
    replace: 'const probes = false',
    by: 'test/unit/intake/receipting.test.ts'
  }
]
