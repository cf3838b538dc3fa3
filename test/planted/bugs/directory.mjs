/** What nodes know of each other. */
export const DIRECTORY = [
  {
    name: 'subscription-forgotten-on-restart',
    what: 'a publisher forgets with a restart which durable subscriptions others have, and trims what they need',
    breaks: 'bounded: accepted work is never dropped',
    file: 'src/directory/directory.ts',
    find: 'this.#o.store.commit([op], () => {})',
    replace: '',
    by: 'test/unit/directory/directory.test.ts'
  },
  {
    name: 'announcement-sequence-goes-back',
    what: 'a node whose clock went back announces under numbers that nobody believes',
    breaks: 'clock jumps',
    file: 'src/directory/directory.ts',
    find: 'this.#sequence = Math.max(this.#sequence + 1, Math.floor(this.#o.clock.wallMs()))',
    replace: 'this.#sequence = Math.floor(this.#o.clock.wallMs())',
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
    file: 'src/directory/directory.ts',
    find: 'node.pages.clear()',
    replace: '',
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
    file: 'src/directory/directory.ts',
    find: '|| this.#bytes + bytes.length > DIRECTORY_BYTES_MAX) return',
    replace: ') return',
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
  }
]
