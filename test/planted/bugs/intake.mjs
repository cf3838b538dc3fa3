/** Taking in what others published. */
export const INTAKE = [
  {
    name: 'batch-hash-not-checked',
    what: 'the body of a batch is not compared with the hash that its publisher signed',
    breaks: 'closed by default: a neighbour alters messages',
    file: 'src/inbox/intake.ts',
    find: 'if (!signatureHolds(this.#o.crypto, batch) || !bodyHolds(this.#o.crypto, batch)) return undefined',
    replace: 'if (!signatureHolds(this.#o.crypto, batch)) return undefined',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'batch-signature-not-checked',
    what: 'the signature of a batch is not checked',
    breaks: 'closed by default: a neighbour forges messages',
    file: 'src/inbox/intake.ts',
    find: 'if (!signatureHolds(this.#o.crypto, batch) || !bodyHolds(this.#o.crypto, batch)) return undefined',
    replace: 'if (!bodyHolds(this.#o.crypto, batch)) return undefined',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'held-before-commit',
    what: 'a batch is delivered, offered and receipted before it is on disk',
    breaks: 'receipts: `stored` is said of what a crash takes',
    file: 'src/inbox/intake.ts',
    find: 'this.#staged.push({ log, batch, records, pulledFrom, done })',
    replace: 'this.#staged.push({ log, batch, records, pulledFrom, done })\n    this.#o.book.applied(log, [batch], [records])',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'fork-unnoticed',
    what: 'a second content for a position that is held is taken for a duplicate',
    breaks: 'equivocation is proved and its publisher quarantined',
    file: 'src/inbox/intake.ts',
    find: 'const compared = this.#compare(known, batch)',
    replace: "const compared: Offered | undefined = 'known'",
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'forked-publisher-believed',
    what: 'more is taken from a publisher in quarantine',
    breaks: 'equivocation is proved and its publisher quarantined',
    file: 'src/inbox/intake.ts',
    find: "if (this.#o.quarantined(batch.log)) return 'unwanted'",
    replace: '',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'full-disk-ends-intake',
    what: 'after the disk was full once nothing more is taken in',
    breaks: 'bounded: goes on when there is room',
    file: 'src/inbox/intake.ts',
    find: '      this.#paused = false\n',
    replace: '',
    by: ['simulation', 'test/unit/intake/intake.test.ts']
  },
  {
    name: 'refused-batch-never-asked-again',
    what: 'what a full disk refused counts as being on its way to disk for ever, and is never asked for again',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/intake.ts',
    find: 'for (const item of taken) this.#release(item)\n',
    replace: '\n',
    by: ['simulation', 'test/unit/intake/intake.test.ts']
  },
  {
    name: 'refusal-not-told',
    what: 'nobody is told that what a full disk refused is missing again',
    breaks: 'no silent loss: a stall',
    file: 'src/inbox/intake.ts',
    find: 'for (const log of new Set(taken.map(item => item.log))) this.#o.refused(log)',
    replace: '',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'replay-taken-in',
    what: 'what was trimmed or dropped is taken in again when somebody replays it',
    breaks: 'replay',
    file: 'src/inbox/intake.ts',
    find: "if (pulledFrom === undefined && batch.last <= Math.max(known.trimmed, known.dropped)) return 'unwanted'",
    replace: '',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'scattered-positions-unbounded',
    what: 'a publisher that scatters positions makes rows without a bound',
    breaks: 'bounded',
    file: 'src/inbox/intake.ts',
    find: "if (interest === 'keep' && this.#isScattered(known, batch)) return 'unwanted'",
    replace: '',
    by: 'test/unit/intake/intake.test.ts'
  },
  {
    name: 'staged-bytes-unbounded',
    what: 'what waits for a slow disk fills the memory',
    breaks: 'bounded',
    file: 'src/inbox/intake.ts',
    find: '    this.#onItsWay.add(batch)',
    replace: '',
    by: 'test/unit/intake/intake.test.ts'
  }
]
