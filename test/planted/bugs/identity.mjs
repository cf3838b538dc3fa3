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
    name: 'pardon-of-first-fork-only',
    what: 'a proof about a later life of a publisher in quarantine is dropped, so that a lift takes that life in again',
    breaks: 'equivocation is proved and its publisher quarantined',
    file: 'src/directory/quarantine.ts',
    find: '(known.pardoned === 0 ? known.log.incarnation.number : known.pardoned)',
    replace: '(known.pardoned === 0 ? Number.MAX_SAFE_INTEGER : known.pardoned)',
    by: 'test/unit/directory/quarantine.test.ts'
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
  },
  {
    name: 'chain-unchecked',
    what: 'a batch that names another one before it than the one that is held is taken',
    breaks: 'equivocation is proved and its publisher quarantined',
    file: 'src/repair/chain.ts',
    find: 'return this.#againstBefore(log, batch) ?? this.#againstHead(log, batch) ?? this.#againstHeld(log, batch)',
    replace: 'return undefined',
    by: 'test/unit/node/forks.test.ts'
  },
  {
    name: 'histories-of-one-length-compared-equal',
    what: 'two nodes that hold two histories of the same length find their heads equal',
    breaks: 'equivocation is proved',
    file: 'src/repair/repair.ts',
    find: '`${log.shown} ${log.trimmed} ${this.#shownHash(log)}`',
    replace: '`${log.shown} ${log.trimmed}`',
    by: 'test/unit/node/forks.test.ts'
  },
  {
    name: 'forked-log-stalls',
    what: 'what is missing of a publisher in quarantine is waited for for ever',
    breaks: 'no stall',
    file: 'src/repair/puller.ts',
    find: 'if (wanted !== undefined && closed !== undefined) for (const { from, to } of missing.ranges()) this.#o.unavailable(log, from, to, closed)',
    replace: '',
    by: 'test/unit/node/forks.test.ts'
  },
  {
    name: 'own-echo-taken-for-a-rival',
    what: 'what this node announced before a crash is taken for a second process with its key',
    breaks: 'no false alarm after a crash',
    file: 'src/directory/own-lives.ts',
    find: 'if (!equalBytes(spoken.rival, this.life)) return { renamed, rival: undefined }',
    replace: '',
    by: 'test/unit/node/lives.test.ts'
  },
  {
    name: 'later-life-unheard',
    what: 'a node that lost its store while its clock was behind goes on below its last life',
    breaks: 'incarnations grow',
    file: 'src/node/lives.ts',
    find: '    if (!this.#e.own.isPresent(log.incarnation)) this.moveAbove(log.incarnation.number)',
    replace: '',
    by: 'test/unit/node/lives.test.ts'
  },
  {
    name: 'lost-tail-called-unrecoverable',
    what: 'what its publisher signed that it lost is waited for for ten minutes',
    breaks: 'a gap says why',
    file: 'src/repair/judging.ts',
    find: 'this.#o.keptThrough?.(log) ?? Number.POSITIVE_INFINITY',
    replace: 'Number.POSITIVE_INFINITY',
    by: 'test/unit/node/lives.test.ts'
  }
]
