/** Finding and fetching what is missing. */
export const REPAIR = [
  {
    name: 'head-not-announced',
    what: 'the ends of the own logs are not in what a node announces',
    breaks: 'no silent loss: tail loss is noticed late',
    file: 'src/node/own-announcement.ts',
    find: 'return logs.filter(log => log.head > log.trimmed && log.headHash !== undefined).map(toHead)',
    replace: 'return []',
    by: 'test/unit/node/own-announcement.test.ts'
  },
  {
    name: 'heads-not-compared',
    what: 'neighbours do not tell each other where the logs end that they know',
    breaks: 'no silent loss: tail loss',
    file: 'src/repair/repair.ts',
    find: 'const headsDiffer = !equalBytes(heads, this.heads.total(channel))',
    replace: 'const headsDiffer = false',
    by: ['simulation', 'test/unit/repair/repair.test.ts']
  },
  {
    name: 'heads-compared-once',
    what: 'neighbours compare what they have when they meet, and never again',
    breaks: 'no silent loss: tail loss',
    file: 'src/repair/repair.ts',
    find: 'this.compare(peerId)\n      this.#repeat(peerId)',
    replace: '',
    by: ['simulation', 'test/unit/repair/repair.test.ts']
  },
  {
    name: 'have-not-sent',
    what: 'nobody is told that what was missing is here now',
    breaks: 'a publisher and a subscriber that never meet',
    file: 'src/repair/offers.ts',
    find: 'this.#timer ??= this.#o.clock.after(HAVE_DELAY_MS, () => { this.#tell() })',
    replace: '',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'trim-not-signed-believed',
    what: 'a trim is believed that its publisher did not sign',
    breaks: 'a custodian lies: records are given up that are there',
    file: 'src/repair/repair.ts',
    find: "if (!trim.verify(this.#o.crypto)) { this.#o.strike(peerId, 'a trim with a wrong signature'); return useless }",
    replace: '',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'answer-starts-over',
    what: 'an answer to a comparison that a full link broke off is begun again from its start',
    breaks: 'bounded: the same is sent again and again, and what comes after it never',
    file: 'src/repair/repair.ts',
    find: 'if (!this.#sendAnswers(peerId) || !this.#peers.has(peerId)) return',
    replace: 'this.#unsent.delete(peerId)',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'drained-link-compared-at-once',
    what: 'all is compared whenever a link takes frames again, which the answer may have filled',
    breaks: 'bounded: all is told again and again to one that takes nothing in',
    file: 'src/repair/repair.ts',
    find: 'if (waitMs > 0) this.#repeat(peerId, waitMs)\n    else this.compare(peerId)',
    replace: 'this.compare(peerId)',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'answer-made-for-nothing',
    what: 'receipts are looked up for an answer that is thrown away, since the same is under way',
    breaks: 'bad peers: work without a charge',
    file: 'src/repair/repair.ts',
    find: 'receiptFrames(this.#o.receipts.statements(channel, buckets, of))',
    replace: 'receiptFrames([...this.#o.receipts.statements(channel, buckets, of)])',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'full-link-filled-further',
    what: 'whoever asks for more than its link takes gets another frame each time',
    breaks: 'bounded',
    file: 'src/repair/repair.ts',
    find: 'if (answers.size === 1) this.#sendAnswers(peerId)',
    replace: 'this.#sendAnswers(peerId)',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'head-not-signed-believed',
    what: 'a head is believed that its publisher did not sign, and waited for for ever',
    breaks: 'a custodian lies',
    file: 'src/repair/repair.ts',
    find: "if (!signatureHolds(this.#o.crypto, head)) { this.#o.strike(peerId, 'a head with a wrong signature'); return 'bad' }\n    const log",
    replace: 'const log',
    by: 'test/unit/repair/repair.test.ts'
  },
  {
    name: 'trim-believed-too-far',
    what: 'once a publisher has trimmed anything, what is beyond the trim is given up as quickly as what it covers',
    breaks: 'no silent loss: a gap that is not justified',
    file: 'src/repair/judging.ts',
    find: 'if (position <= trimmed) return silent',
    replace: 'if (trimmed > 0) return silent',
    by: 'test/simulation/accounts.test.ts'
  },
  {
    name: 'denied-is-gone',
    what: 'what no neighbour has at the moment is given up at once',
    breaks: 'no silent loss: a gap that is not justified',
    file: 'src/repair/refusals.ts',
    find: 'if (dueMs > nowMs) atMs = Math.min(atMs, dueMs)',
    replace: 'if (dueMs < Number.POSITIVE_INFINITY) gone.push(part)',
    by: ['simulation', 'test/unit/repair/pull.test.ts']
  },
  {
    name: 'nothing-is-ever-gone',
    what: 'what nobody has is asked for for ever and never becomes a gap',
    breaks: 'no silent loss: a stall',
    file: 'src/repair/refusals.ts',
    find: 'else if (unasked.length === 0) gone.push(part)',
    replace: 'else if (dueMs < 0) gone.push(part)',
    by: ['simulation', 'test/simulation/accounts.test.ts']
  },
  {
    name: 'holes-never-asked',
    what: 'only what is missing at the end of a log is asked for, not what is missing within',
    breaks: 'no silent loss: a stall',
    file: 'src/repair/needs.ts',
    find: 'let from = wanted.from\n',
    replace: 'let from = Math.max(wanted.from, log.held.last + 1)\n',
    by: ['simulation', 'test/unit/repair/pull.test.ts']
  },
  {
    name: 'silent-neighbour-asked-for-ever',
    what: 'a neighbour that does not answer is asked again and again, and nobody else is',
    breaks: 'custodian withholds',
    file: 'src/repair/puller.ts',
    find: "need.refusals.passOver(want.peerId, 'silent', now + SILENT_MS, now)\n        this.#failed(want.peerId)\n",
    replace: '',
    by: 'test/unit/repair/pull.test.ts'
  },
  {
    name: 'lost-link-not-noticed',
    what: 'what was asked of a neighbour that went down is not asked of another before a time-out',
    breaks: 'slow healing',
    file: 'src/repair/puller.ts',
    find: 'this.#asking.peerDown(peerId)\n',
    replace: '',
    by: 'test/unit/repair/pull.test.ts'
  },
  {
    name: 'credit-never-returned',
    what: 'a neighbour gets no more credit, and large answers break off',
    breaks: 'slow healing',
    file: 'src/repair/asking.ts',
    find: "this.#o.send(want.peerId, encodeFrame('credit', { id: want.id, bytes: want.owed }))",
    replace: '',
    by: 'test/unit/repair/pull.test.ts'
  },
  {
    name: 'credit-not-enforced',
    what: 'a neighbour may send more than it was given credit for',
    breaks: 'bounded',
    file: 'src/repair/asking.ts',
    find: 'if (want.received >= want.granted || bytes.length > BATCH_BYTES_MAX) {',
    replace: 'if (bytes.length > BATCH_BYTES_MAX) {',
    by: 'test/unit/repair/pull-lies.test.ts'
  },
  {
    name: 'start-proof-not-checked',
    what: 'a neighbour’s word that records are too old for a subscription is believed without proof',
    breaks: 'a custodian lies: no silent loss',
    file: 'src/repair/asking.ts',
    find: 'if (want.since === 0 || head.time >= want.since || !signatureHolds(this.#o.crypto, head)) {',
    replace: 'if (want.since === 0) {',
    by: 'test/unit/repair/pull-lies.test.ts'
  },
  {
    name: 'gossip-silences-repair',
    what: 'what a neighbour offers after it was given up is not asked for',
    breaks: 'no silent loss',
    file: 'src/node/wants.ts',
    find: 'gone.remove(from, to)',
    replace: '',
    by: 'test/simulation/limits.test.ts'
  },
  {
    name: 'provider-skips-a-record',
    what: 'whoever answers leaves out the record behind each batch',
    breaks: 'slow healing',
    file: 'src/repair/provider.ts',
    find: 'emit(batch.bytes)\n      serving.next = batch.last + 1',
    replace: 'emit(batch.bytes)\n      serving.next = batch.last + 2',
    by: 'test/unit/repair/provider.test.ts'
  },
  {
    name: 'provider-ignores-credit',
    what: 'whoever answers sends as much as it has, however little credit it was given',
    breaks: 'bounded: a slow peer fills memory',
    file: 'src/repair/provider.ts',
    find: 'while (!this.#isDone(serving) && serving.credit > 0 && sent < bytesMax && !peer.blocked) {',
    replace: 'while (!this.#isDone(serving) && sent < bytesMax && !peer.blocked) {',
    by: 'test/unit/repair/provider.test.ts'
  },
  {
    name: 'own-tail-not-fetched',
    what: 'a node whose store is older than its last life does not get its own records back from its peers',
    breaks: 'identity and restore',
    file: 'src/node/wants.ts',
    find: 'if (log.own) return this.#e.own.isCurrent(log) ? this.#wantedBack(log, keepFrom) : { from: keepFrom, to: log.head, since: 0 }',
    replace: 'if (log.own) return undefined',
    by: 'test/unit/node/wants.test.ts'
  },
  {
    name: 'silent-neighbour-holds-up-each-log',
    what: 'a neighbour that answers nothing is asked first again for each log',
    breaks: 'custodian withholds',
    file: 'src/repair/puller.ts',
    find: "need.refusals.passOver(want.peerId, 'silent', now + SILENT_MS, now)\n        this.#failed(want.peerId)\n",
    replace: "need.refusals.passOver(want.peerId, 'silent', now + SILENT_MS, now)\n",
    by: 'test/unit/repair/pull-withheld.test.ts'
  },
  {
    name: 'wants-without-limit',
    what: 'as many wants are under way as there are logs with something missing',
    breaks: 'no unbounded buffer; healing does not flood',
    file: 'src/repair/puller.ts',
    find: 'while (left > 0 && this.#asking.size < WANTS_MAX) {',
    replace: 'while (left > 0) {',
    by: 'test/unit/repair/pull-many.test.ts'
  },
  {
    name: 'waiting-for-a-neighbour-that-is-gone',
    what: 'what waits until a neighbour has time goes on waiting when that neighbour has gone',
    breaks: 'slow healing',
    file: 'src/repair/puller.ts',
    find: 'this.#waitInVain(this.#places.down(peerId))',
    replace: 'this.#places.down(peerId)',
    by: 'test/unit/repair/pull-many.test.ts'
  },
  {
    name: 'waiting-for-a-neighbour-that-is-silent',
    what: 'what waits until a neighbour has time is not judged when that neighbour turns out not to answer',
    breaks: 'custodian withholds',
    file: 'src/repair/puller.ts',
    find: 'if (!wasSlow) this.#waitInVain(this.#places.waiting(peerId))',
    replace: '',
    by: 'test/unit/repair/pull-many.test.ts'
  },
  {
    name: 'each-link-looks-at-all-logs',
    what: 'whenever a neighbour comes, whoever can be asked for it is looked for again for each log with something missing',
    breaks: 'bounded: work that grows with logs times neighbours',
    file: 'src/repair/puller.ts',
    find: 'this.#places.wait(need, peerId)\n      this.#wakeAt(now)',
    replace: 'this.#needs.setDue(need, now)\n      this.#wakeAt(now)',
    by: 'test/unit/repair/pull-many.test.ts'
  },
  {
    name: 'denied-and-asked-at-once-for-the-next',
    what: 'a neighbour that has nothing is asked for one log after the other as fast as it answers',
    breaks: 'healing does not flood',
    file: 'src/repair/puller.ts',
    find: 'denied ? now + DENIED_REST_MS : undefined',
    replace: 'undefined',
    by: 'test/unit/repair/pull-many.test.ts'
  },
  {
    name: 'dripping-neighbour-kept',
    what: 'a neighbour that sends a little now and then is never left for another',
    breaks: 'custodian withholds',
    file: 'src/repair/puller.ts',
    find: 'if (!quiet && (want.outstanding > 0 || !this.#reliability.drips(want.peerId, now))) return false',
    replace: 'if (!quiet) return false',
    by: 'test/unit/repair/pull-withheld.test.ts'
  },
  {
    name: 'empty-promises-believed',
    what: 'a neighbour that says again and again that it has what it denies is asked each time at once',
    breaks: 'custodian lies',
    file: 'src/repair/refusals.ts',
    find: 'if (++refusal.promises > PROMISES_MAX) return',
    replace: '',
    by: 'test/unit/repair/pull-withheld.test.ts'
  },
  {
    name: 'busy-for-ever-believed',
    what: 'a neighbour that is always busy keeps a gap from being told',
    breaks: 'no stall',
    file: 'src/repair/refusals.ts',
    find: '|| isBusy || isSlow(peerId)) silent = true',
    replace: '|| isSlow(peerId)) silent = true',
    by: 'test/unit/repair/pull-withheld.test.ts'
  },
  {
    name: 'logs-of-one-publisher-unbounded',
    what: 'one publisher fills the places for logs',
    breaks: 'bounded',
    file: 'src/repair/log-quota.ts',
    find: ' || book.logsOf(id.publisher) >= LOGS_PER_PUBLISHER_MAX * share',
    replace: '',
    by: 'test/unit/node/bad-peer-quotas.test.ts'
  },
  {
    name: 'made-up-logs-asked-for-without-end',
    what: 'whoever makes up heads has every node ask every neighbour for each of them, as often as for one that is real',
    breaks: 'bounded',
    file: 'src/repair/judging.ts',
    find: 'const pauses = Math.min(CROWD_PAUSES_MAX,',
    replace: 'const pauses = Math.min(1,',
    by: 'test/unit/repair/pull.test.ts'
  },
  {
    name: 'withheld-and-not-told',
    what: 'the last messages of a burst come half a second late: a neighbour finds out by itself what gossip to it left out',
    breaks: 'progress',
    file: 'src/repair/offers.ts',
    find: 'this.#send(peerId, [...withheld])',
    replace: '',
    by: 'test/unit/repair/repair.test.ts'
  }
]
