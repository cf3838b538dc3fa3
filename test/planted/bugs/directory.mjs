/** What nodes know of each other. */
export const DIRECTORY = [
  {
    name: 'subscription-forgotten-on-restart',
    what: 'a publisher forgets with a restart which durable subscriptions others have, and trims what they need',
    breaks: 'bounded: accepted work is never dropped',
    file: 'src/directory/remembered.ts',
    find: "this.#o.store.commit([{ type: 'put', table: 'peer', key: utf8(peerId), value: encode(node) }], () => {})",
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'clock-jump-lapses',
    what: 'a wall clock that jumps ahead by a month ends the claims of all subscriptions at once',
    breaks: 'no silent loss',
    file: 'src/store/lived.ts',
    find: 'Math.min(this.#stepMaxMs, Math.max(0, now - this.#lastWallMs))',
    replace: 'Math.max(0, now - this.#lastWallMs)',
    by: 'test/unit/store/lived.test.ts'
  },
  {
    name: 'repeated-word-keeps-alive',
    what: 'what others repeat of a node that is gone keeps its claims for ever',
    breaks: 'bounded',
    file: 'src/directory/remembered.ts',
    find: 'if (!isNews) return',
    replace: '',
    by: 'test/unit/directory/remembered.test.ts'
  },
  {
    name: 'lapsed-subscription-holds',
    what: 'a subscription of this node that has lapsed goes on holding what it has not settled',
    breaks: 'bounded',
    file: 'src/inbox/cursor-index.ts',
    find: 'if (withLapsed || !cursor.core.lapsed) floor',
    replace: 'floor',
    by: 'test/simulation/retention-lapse.test.ts'
  },
  {
    name: 'lapsed-subscription-loses-in-silence',
    what: 'a log is forgotten of which a subscription that has lapsed has not settled everything, so that it never hears of the gap',
    breaks: 'no silent loss',
    file: 'src/node/housekeeping.ts',
    find: 'this.#e.inbox.floor(each, true) > each.head',
    replace: 'this.#e.inbox.floor(each) > each.head',
    by: 'test/simulation/retention-lapse.test.ts'
  },
  {
    name: 'announcement-sequence-goes-back',
    what: 'a node whose clock went back announces under numbers that nobody believes',
    breaks: 'clock jumps',
    file: 'src/directory/directory.ts',
    find: 'this.#sequence = Math.max(this.#sequence + 1, wallMs, newestMs + 1)',
    replace: 'this.#sequence = wallMs',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'stale-announcement-believed',
    what: 'an older announcement takes the place of a newer one',
    breaks: 'late control message',
    file: 'src/directory/directory.ts',
    find: 'if (known !== undefined && (page.sequence < known.sequence || (page.sequence === known.sequence',
    replace: 'if (known !== undefined && ((page.sequence === known.sequence',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'stale-pages-kept',
    what: 'pages of an older announcement are kept beside those of the newer one',
    breaks: 'late control message',
    file: 'src/directory/known-nodes.ts',
    find: 'if (node === undefined || node.sequence < sequence) {',
    replace: 'if (node === undefined) {',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'announcement-signature-not-checked',
    what: 'an announcement is believed that its node did not sign',
    breaks: 'closed by default',
    file: 'src/directory/directory.ts',
    find: "if (!opened.verify(this.#o.crypto)) return 'reject'",
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'new-subscription-only-gossiped',
    what: 'a new subscription is announced by gossip alone, which may lose it',
    breaks: 'no silent loss: its records are trimmed before it gets them',
    file: 'src/directory/directory.ts',
    find: 'if (this.#urgent) this.#o.tell(pages)',
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'directory-unbounded',
    what: 'announcements of made-up nodes fill the memory',
    breaks: 'bounded',
    file: 'src/directory/known-nodes.ts',
    find: 'if (!isKnownHere && (this.#shares.get(from)?.bytes ?? 0) + bytes > NEIGHBOUR_BYTES_MAX) return false',
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'far-future-believed',
    what: 'an announcement from the far future is believed, and nothing later is',
    breaks: 'clock jumps',
    file: 'src/directory/directory.ts',
    find: "if (page.sequence > this.#o.clock.wallMs() + AHEAD_MS) return 'ignore'",
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'made-up-nodes-keep-others-out',
    what: 'a directory full of what one neighbour made up takes in nobody else',
    breaks: 'one peer must not keep others out',
    file: 'src/directory/known-nodes.ts',
    find: '|| (most === from && !isKnownHere) || !this.#evictOf(most, peerId)) return false',
    replace: "|| most !== '') return false",
    by: 'test/unit/node/bad-peer-quotas.test.ts'
  },
  {
    name: 'every-later-fork-looked-at',
    what: 'a publisher in quarantine has every further proof against it verified and written',
    breaks: 'bad peers: work without a bound',
    file: 'src/directory/quarantine.ts',
    find: '< REPLACE_MS) return',
    replace: '< 0) return',
    by: 'test/unit/directory/quarantine.test.ts'
  },
  {
    name: 'later-forks-cost-nothing',
    what: 'whoever tells of more and more forks of one publisher is not charged for the signatures that are checked',
    breaks: 'bad peers: work without a charge',
    file: 'src/node/forks.ts',
    find: "else if (taken === 'kept') useless += 2 + 2 * VERIFY_COST",
    replace: "else if (taken === 'kept') useless += 2",
    by: 'test/unit/node/forks.test.ts'
  },
  {
    name: 'proof-written-many-times',
    what: 'each change of what is known of a publisher’s forks is written by itself, and again and again while the disk is full',
    breaks: 'bounded',
    file: 'src/node/forks.ts',
    find: 'if (!isUnderWay) this.#commit(publisher)',
    replace: 'this.#commit(publisher)',
    by: 'test/unit/node/forks.test.ts'
  }
]
