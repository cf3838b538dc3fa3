/** Publishers that signed two histories, and lives that come back. */
export const IDENTITY = [
  {
    name: 'fork-proof-not-checked',
    what: 'anyone can have a publisher put in quarantine, with a proof that is not signed',
    breaks: 'equivocation: closed by default',
    file: 'src/directory/quarantine.ts',
    find: "if (!forkProofHolds(this.#o.crypto, proof)) return 'bad'",
    replace: '',
    by: 'test/unit/directory/quarantine.test.ts'
  },
  {
    name: 'fork-half-proved',
    what: 'a proof of which one half is not signed puts a publisher in quarantine',
    breaks: 'equivocation: closed by default',
    file: 'src/message/fork-proof.ts',
    find: 'return signatureHolds(crypto, first) && signatureHolds(crypto, second)',
    replace: 'return signatureHolds(crypto, first)',
    by: 'test/unit/message/fork-proof.test.ts'
  },
  {
    name: 'broken-chain-unnoticed',
    what: 'a batch that names another one before it than the one that is there is no fork',
    breaks: 'equivocation is proved and its publisher quarantined',
    file: 'src/message/fork-proof.ts',
    find: 'if (before.last + 1 !== after.base || equalBytes(after.previous, crypto.hash(before.header))) return undefined',
    replace: 'if (before.last < after.base) return undefined',
    by: 'test/unit/message/fork-proof.test.ts'
  },
  {
    name: 'neighbours-in-a-log-are-a-fork',
    what: 'two batches with room between them are taken for two histories',
    breaks: 'equivocation: an honest publisher is put in quarantine',
    file: 'src/message/fork-proof.ts',
    find: 'if (before.last + 1 !== after.base || equalBytes',
    replace: 'if (equalBytes',
    by: 'test/unit/message/fork-proof.test.ts'
  },
  {
    name: 'quarantine-forgotten-on-restart',
    what: 'after a restart a publisher that forked is believed again',
    breaks: 'equivocation: the proof is kept',
    file: 'src/directory/quarantine.ts',
    find: "return { type: 'put', table: 'quarantine', key,",
    replace: "return { type: 'del', table: 'quarantine', key,",
    by: 'test/unit/directory/quarantine.test.ts'
  },
  {
    name: 'lift-opens-the-forked-life',
    what: 'when a quarantine is lifted the forked logs are taken in again too',
    breaks: 'equivocation',
    file: 'src/directory/quarantine.ts',
    find: '(entry.pardoned === 0 || log.incarnation.number <= entry.pardoned)',
    replace: 'entry.pardoned === 0',
    by: 'test/unit/directory/quarantine.test.ts'
  },
  {
    name: 'fork-kept-to-oneself',
    what: 'whoever finds a fork tells nobody, neither others nor its own application',
    breaks: 'equivocation is announced',
    file: 'src/node/forks.ts',
    find: "typeof this.#take(proof.bytes, undefined) === 'object'",
    replace: "typeof this.#quarantine.take(proof.bytes) === 'string'",
    by: 'test/unit/node/forks.test.ts'
  },
  {
    name: 'newcomer-not-told-of-forks',
    what: 'a neighbour that comes later is not told which publishers forked',
    breaks: 'equivocation is announced',
    file: 'src/node/forks.ts',
    find: 'this.#owe(peerId, this.#quarantine.proofs())',
    replace: '',
    by: 'test/unit/node/forks.test.ts'
  }
]
