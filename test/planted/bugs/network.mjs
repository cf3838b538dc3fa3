/** Links, and who may have one. */
export const NETWORK = [
  {
    name: 'mesh-not-compared',
    what: 'a node of another mesh is let in',
    breaks: 'closed by default',
    file: 'src/network/handshake.ts',
    find: 'if (!same(hello.mesh, this.self.meshHash)) return REFUSAL.otherMesh',
    replace: '',
    by: 'test/unit/network/handshake.test.ts'
  },
  {
    name: 'ban-ignored',
    what: 'a peer that was banned is let in again at once',
    breaks: 'closed by default',
    file: 'src/network/bans.ts',
    find: 'if (nowMs < untilMs) return true',
    replace: '',
    by: 'test/contract/memory-network.test.ts'
  },
  {
    name: 'banned-peer-dialled',
    what: 'a peer that was banned is dialled before its time',
    breaks: 'closed by default',
    file: 'src/network/dialer.ts',
    find: 'target.barredMs = Math.max(target.barredMs, untilMs)',
    replace: '',
    by: 'test/unit/network/dialer.test.ts'
  },
  {
    name: 'dialer-gives-up',
    what: 'a bootstrap peer that was away for long is never dialled again',
    breaks: 'bootstrap peer restarts',
    file: 'src/network/dialer.ts',
    find: "if (target.state !== 'waiting' || target.full.size",
    replace: "if (target.state !== 'waiting' || target.attempts > 20 || target.full.size",
    by: 'test/unit/network/dialer.test.ts'
  },
  {
    name: 'dialer-never-slows-down',
    what: 'a peer that is away is dialled every few seconds for ever',
    breaks: 'backoff with jitter',
    file: 'src/network/dialer.ts',
    find: 'target.attempts++\n',
    replace: '\n',
    by: 'test/unit/network/dialer.test.ts'
  },
  {
    name: 'silent-link-kept',
    what: 'a link on which nothing comes any more is kept',
    breaks: 'stalled peer',
    file: 'src/network/liveness.ts',
    find: 'if (nowMs - this.heardMs >= SILENCE_MAX_MS ||',
    replace: 'if (',
    by: 'test/unit/network/liveness.test.ts'
  },
  {
    name: 'one-way-link-kept',
    what: 'a link whose other end talks and does not hear is kept',
    breaks: 'asymmetric link',
    file: 'src/network/liveness.ts',
    find: '|| nowMs - this.answeredMs >= ONE_WAY_MAX_MS) return',
    replace: ') return',
    by: 'test/unit/network/liveness.test.ts'
  },
  {
    name: 'sleep-not-noticed',
    what: 'after the machine slept nobody looks whether the links are still there',
    breaks: 'sleep ten minutes, wake',
    file: 'src/network/liveness.ts',
    find: 'return monotonicMs > TICK_MS + WAKE_PERIOD_MS || wallAheadMs > SILENCE_MAX_MS',
    replace: 'return monotonicMs > TICK_MS + WAKE_PERIOD_MS',
    by: 'test/unit/network/liveness.test.ts'
  },
  {
    name: 'gossip-watchdog-off',
    what: 'a peer whose gossip stream ended stays connected and deaf',
    breaks: 'gossip stream reset',
    file: 'src/network/watchdog.ts',
    find: "if (this.opened) return { type: 'cut', reason: 'the gossip stream to the peer ended' }",
    replace: '',
    by: 'test/unit/network/liveness.test.ts'
  },
  {
    name: 'two-links-up',
    what: 'two nodes that dial each other at once keep two links, and disagree on which is used',
    breaks: 'restart with the same identity',
    file: 'src/network/election.ts',
    find: "this.dismiss('another link to the peer took over', out)",
    replace: '',
    by: 'test/unit/network/election.test.ts'
  },
  {
    name: 'restarted-peer-refused',
    what: 'the link of a peer that was restarted waits until the dead one times out',
    breaks: 'restart with the same identity',
    file: 'src/network/election.ts',
    find: 'if (this.current.instance !== entry.instance) {',
    replace: 'if (this.current.instance === undefined) {',
    by: 'test/unit/network/election.test.ts'
  },
  {
    name: 'flood-not-cut-off',
    what: 'work that brings nothing is counted, and nothing follows from it',
    breaks: 'a neighbour that floods is cut off',
    file: 'src/node/conduct.ts',
    find: 'if (waste > 0 && !conduct.waste.spend(now, waste)) {',
    replace: 'if (waste > 0 && conduct.waste.spend(now, waste) && waste < 0) {',
    by: 'test/unit/node/bad-peer-frames.test.ts'
  },
  {
    name: 'full-link-told-on',
    what: 'news of the directory goes on being sent to a link that is full',
    breaks: 'a slow peer costs no memory',
    file: 'src/node/announcing.ts',
    find: 'while (!this.#e.neighbours.isFull(peerId)) {',
    replace: 'for (;;) {',
    by: 'test/unit/node/announcing.test.ts'
  },
  {
    name: 'news-for-a-full-link-unbounded',
    what: 'news of the directory waits for a full link without a bound',
    breaks: 'a slow peer costs no memory',
    file: 'src/node/announcing.ts',
    find: 'if (owed.newsBytes <= UNSENT_BYTES_MAX) continue',
    replace: 'if (owed.newsBytes >= -UNSENT_BYTES_MAX) continue',
    by: 'test/unit/node/announcing.test.ts'
  },
  {
    name: 'all-heads-for-who-only-publishes',
    what: 'a node that only publishes in a channel is told of all its logs at each comparison',
    breaks: 'many logs: a neighbour is cut off for telling of them',
    file: 'src/repair/repair.ts',
    find: 'return this.#o.joined(channel) ? {} : { ownOnly: true }',
    replace: 'return this.#o.joined(channel) ? {} : { ownOnly: undefined }',
    by: 'test/unit/node/many-logs.test.ts'
  },
  {
    name: 'comparisons-are-waste',
    what: 'heads and receipts that comparisons bring are all taken for a flood when they are known',
    breaks: 'many logs: honest neighbours are cut off',
    file: 'src/node/conduct.ts',
    find: 'return this.#of(peerId).told[what].spare(this.#o.clock.nowMs(), most, cost)',
    replace: 'return most < 0 ? most : cost',
    by: 'test/unit/node/many-logs.test.ts'
  },
  {
    name: 'items-cost-nothing',
    what: 'what a frame costs is counted by its bytes only, however many tiny items there are in it',
    breaks: 'a neighbour that sends more than is read in time is read more slowly',
    file: 'src/node/neighbourhood.ts',
    find: 'costOf(bytes) + items * ITEM_COST + meter',
    replace: 'costOf(bytes) + 0 * items * ITEM_COST + meter',
    by: 'test/unit/node/many-logs.test.ts'
  },
  {
    name: 'rejected-gossip-not-struck',
    what: 'a neighbour that passes forged gossip on is never cut off',
    breaks: 'invalid signatures: then a ban',
    file: 'src/node/reception.ts',
    find: "if (verdict === 'reject') conducts.strike(from, 'gossip that does not hold')\n    else if",
    replace: 'if',
    by: 'test/unit/node/bad-peer-frames.test.ts'
  },
  {
    name: 'ban-never-grows',
    what: 'a neighbour that comes back to attack is banned for a minute each time',
    breaks: 'bans grow',
    file: 'src/node/conduct.ts',
    find: 'BAN_MS * 2 ** Math.min(conduct.bans, 16)',
    replace: 'BAN_MS',
    by: 'test/unit/node/bad-peer-frames.test.ts'
  },
  {
    name: 'junk-channels-stay',
    what: 'a neighbour’s made-up channels keep all others out of a relay',
    breaks: 'relays join channels',
    file: 'src/node/channels.ts',
    find: "if (places === 'joined') this.#leave(channel)\n    else this.#forget(channel)\n    return true",
    replace: 'return false',
    by: 'test/unit/node/bad-peer-quotas.test.ts'
  },
  {
    name: 'idle-channels-stay',
    what: 'a relay never forgets a channel that nobody uses',
    breaks: 'bounded',
    file: 'src/node/channels.ts',
    find: "      this.#forget(channel)\n    }\n  }",
    replace: "    }\n  }",
    by: 'test/unit/node/bad-peer-quotas.test.ts'
  }
]
