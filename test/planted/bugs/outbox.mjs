/** Publishing: positions, the commit, the answer. */
export const OUTBOX = [
  {
    name: 'publish-answered-before-commit',
    what: '`publish()` resolves before the record is on disk',
    breaks: 'durable publish',
    file: 'src/outbox/outbox.ts',
    find: 'if (ops.length === 0) { this.#settle(); return }',
    replace: `if (ops.length === 0) { this.#settle(); return }
    for (const { log, batch, entries } of sealed) {
      for (const [i, entry] of entries.entries()) {
        entry.tag(undefined, { log, position: batch.base + i, time: entry.record.time, duplicate: false })
        entry.tag = () => {}
      }
    }`,
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'gossip-before-commit',
    what: 'a batch is sent to others before it is on disk here',
    breaks: 'durable publish: what was refused has been sent all the same',
    file: 'src/outbox/outbox.ts',
    find: 'if (ops.length === 0) { this.#settle(); return }',
    replace: `if (ops.length === 0) { this.#settle(); return }
    for (const [log, items] of byLog) this.#o.committed(log, items.map(item => item.batch))`,
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'two-commits-at-once',
    what: 'a second commit begins while the first is under way, and writes the row of a log without its batches',
    breaks: 'durable publish',
    file: 'src/outbox/outbox.ts',
    find: "if (this.#state === 'due') this.#commit()",
    replace: 'this.#commit()',
    by: 'test/simulation/limits.test.ts'
  },
  {
    name: 'waiting-publish-overtaken',
    what: 'a publish goes before others of its channel that wait for room',
    breaks: 'order',
    file: 'src/outbox/outbox.ts',
    find: 'if (!this.#admission.isWaitedFor(channel) && this.#admits(channel, record))',
    replace: 'if (this.#admits(channel, record))',
    by: 'test/unit/outbox/outbox.test.ts'
  },
  {
    name: 'full-disk-stops-the-outbox',
    what: 'a commit that the full disk refused is taken for a failed store',
    breaks: 'bounded: goes on when there is room',
    file: 'src/outbox/outbox.ts',
    find: "if (!isSkeinError(error, 'ERR_STORE_FULL')) { this.#state = 'idle'; this.#fail(error, sealed); return }",
    replace: "{ this.#state = 'idle'; this.#fail(error, sealed); return }",
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'position-reused',
    what: 'the next batch begins with the position that the last one ended with',
    breaks: 'order: a position stands for one record',
    file: 'src/outbox/own-logs.ts',
    find: 'writer.next = batch.last + 1',
    replace: 'writer.next = batch.last',
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'positions-not-given-back',
    what: 'positions of a refused commit are skipped, so that all wait for records that nobody has',
    breaks: 'no silent loss: a stall',
    file: 'src/outbox/own-logs.ts',
    find: 'writer.next = batch.base',
    replace: '',
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'chain-not-taken-back',
    what: 'the hash chain goes on from a batch that was refused and is nowhere',
    breaks: 'honest failure: the chain proves nothing',
    file: 'src/outbox/own-logs.ts',
    find: 'writer.previous = batch.previous',
    replace: '',
    by: ['simulation', 'test/unit/outbox/outbox.test.ts']
  },
  {
    name: 'incarnation-not-durable',
    what: 'the incarnation is not in the commit of the first batch',
    breaks: 'a position used twice after a restart',
    file: 'src/outbox/own-logs.ts',
    find: "ops.push({ type: 'put', table: 'meta', key: INCARNATION_KEY, value })",
    replace: '',
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'incarnation-reused',
    what: 'a node whose clock went back publishes under the number of its life before',
    breaks: 'order of incarnations',
    file: 'src/outbox/own-logs.ts',
    find: 'Math.max(last + 1, Math.floor(this.#o.clock.wallMs()))',
    replace: 'Math.max(last, Math.floor(this.#o.clock.wallMs()))',
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'incarnation-durable-too-soon',
    what: 'the incarnation counts as written when it was only handed to a commit that may be refused',
    breaks: 'a position used twice after a restart',
    file: 'src/outbox/own-logs.ts',
    find: "ops.push({ type: 'put', table: 'meta', key: INCARNATION_KEY, value })",
    replace: "ops.push({ type: 'put', table: 'meta', key: INCARNATION_KEY, value })\n      this.#incarnationDurable = true",
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'restored-store-not-noticed',
    what: 'a node restored from a backup takes an incarnation below those its peers know',
    breaks: 'order of incarnations',
    file: 'src/outbox/own-logs.ts',
    find: 'if (log.own) last = Math.max(last, log.incarnation.number)',
    replace: 'if (log.own) last = Math.max(last, 0)',
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'link-missing',
    what: 'the first batch of a life does not say where the one before ended',
    breaks: 'order of incarnations; tail loss goes unnoticed',
    file: 'src/outbox/own-logs.ts',
    find: 'earlier?.headHash === undefined ? undefined :',
    replace: 'true ? undefined :',
    by: ['simulation', 'test/unit/outbox/own-logs.test.ts']
  },
  {
    name: 'time-runs-backwards',
    what: 'the time of a log follows the wall clock back, so that heads prove ages that are wrong',
    breaks: 'no silent loss for a subscription that begins at a time',
    file: 'src/outbox/own-logs.ts',
    find: 'let time = Math.max(writer.time, Math.floor(this.#o.clock.wallMs()))',
    replace: 'let time = Math.floor(this.#o.clock.wallMs())',
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'rest-of-the-batcher-dropped',
    what: 'of a backlog larger than one commit the rest is dropped, and its publishes never answered',
    breaks: 'durable publish',
    file: 'src/outbox/batcher.ts',
    find: 'if (start < waiting.length) this.#channels.set(channel, start === 0 ? waiting : waiting.slice(start))',
    replace: '',
    by: 'test/unit/outbox/batcher.test.ts'
  },
  {
    name: 'publish-id-forgotten-in-flight',
    what: 'a second publish under one id, while the first is being committed, publishes again',
    breaks: 'processed once in effect',
    file: 'src/outbox/publish-ids.ts',
    find: 'this.#pending.set(record.id, others)',
    replace: '',
    by: 'test/unit/outbox/publish-ids.test.ts'
  },
  {
    name: 'publish-id-not-durable',
    what: 'after a restart a publish under a known id publishes again',
    breaks: 'processed once in effect',
    file: 'src/outbox/publish-ids.ts',
    find: "ops.push({ type: 'put', table: 'publish-id', key: idKey(record.id), value })",
    replace: '',
    by: 'test/unit/outbox/publish-ids.test.ts'
  },
  {
    name: 'publish-id-content-not-compared',
    what: 'another message under a known id is answered as if it had been published',
    breaks: 'durable publish',
    file: 'src/outbox/publish-ids.ts',
    find: 'if (!content.equals(contentHash(record))) done(differs(record.id))\n    else',
    replace: '',
    by: 'test/unit/outbox/publish-ids.test.ts'
  },
  {
    name: 'pending-not-reckoned',
    what: 'what is on its way to the disk does not count towards the quota of its channel, so that a burst goes beyond it',
    breaks: 'bounded: retention by count',
    file: 'src/outbox/outbox.ts',
    find: '(pending?.records ?? 0) + 1)\n  }',
    replace: '1)\n  }',
    by: 'simulation'
  },
  {
    name: 'wants-never-end',
    what: 'a want that is over still counts as under way, until no further one is sent',
    breaks: 'bounded: WANTS_MAX',
    file: 'src/repair/asking.ts',
    find: 'this.#asking.delete(want.id)\n',
    replace: '',
    by: 'simulation'
  },
  {
    name: 'ephemeral-twice',
    what: 'an ephemeral message that gossip brings twice is delivered twice',
    breaks: 'ephemeral is ephemeral: at most once',
    file: 'src/outbox/ephemeral.ts',
    find: 'if (batch.base <= seen.floor || bases.has(batch.base)) return false\n',
    replace: '',
    by: 'simulation'
  },
  {
    name: 'sent-before-the-next-is-written',
    what: 'a publisher that awaits each publish has the disk idle while each batch is sent',
    breaks: 'nothing: publishing one at a time is slow',
    file: 'src/outbox/outbox.ts',
    find: 'this.#commitDue()\n      if (this.#state === \'committing\')',
    replace: 'if (this.#state === \'committing\')',
    by: 'test/unit/outbox/outbox.test.ts'
  },
  {
    name: 'slow-neighbour-slows-all',
    what: 'a neighbour that takes nothing in one channel holds up what is published in all others',
    breaks: 'a slow neighbour slows nobody else',
    file: 'src/outbox/outbox.ts',
    find: 'if (this.#inVain.has(channel) || this.#full.has(channel)',
    replace: 'if (this.#full.has(channel)',
    by: 'test/unit/outbox/outbox.test.ts'
  }
]
