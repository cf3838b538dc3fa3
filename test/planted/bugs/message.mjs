/** Values: topics, ids, signed statements, sets of positions. */
export const MESSAGE = [
  {
    name: 'plus-matches-many',
    what: 'a filter that ends with `+` matches all levels below',
    breaks: 'what a subscription claims',
    file: 'src/message/filter.ts',
    find: 'return filter.length === topic.length',
    replace: "return filter.length === topic.length || filter.at(-1) === '+'",
    by: 'test/unit/message/topic.test.ts'
  },
  {
    name: 'hash-leaves-out-parent',
    what: '`a/#` does not match `a`',
    breaks: 'what a subscription claims',
    file: 'src/message/filter.ts',
    find: "if (level === '#') return true",
    replace: "if (level === '#') return i < topic.length",
    by: 'test/unit/message/topic.test.ts'
  },
  {
    name: 'id-with-dots-unread',
    what: 'the id of a message in a channel with a dot is not read',
    breaks: 'nobody can say where the message is',
    file: 'src/message/ids.ts',
    find: '([0-9a-f]{16})\\.(.+)\\.',
    replace: '([0-9a-f]{16})\\.([^.]+)\\.',
    by: 'test/unit/message/ids.test.ts'
  },
  {
    name: 'incarnations-ordered-as-text',
    what: 'lives of a publisher are ordered by their random part',
    breaks: 'order of incarnations',
    file: 'src/message/ids.ts',
    find: 'return a.number - b.number || (',
    replace: 'return (',
    by: 'test/unit/message/ids.test.ts'
  },
  {
    name: 'other-mesh-accepted',
    what: 'a batch that was signed for another mesh is taken',
    breaks: 'replay from another mesh',
    file: 'src/message/batch.ts',
    find: "if (!equalBytes(header.mesh, mesh)) return 'the batch is of another mesh'",
    replace: '',
    by: 'test/unit/message/batch.test.ts'
  },
  {
    name: 'tags-not-told-apart',
    what: 'an ephemeral batch passes for a durable one',
    breaks: 'replay: a statement passes for another',
    file: 'src/message/batch.ts',
    find: "export const EPHEMERAL_TAG = 'skein/ephemeral/1\\n'",
    replace: "export const EPHEMERAL_TAG = 'skein/batch/1\\n'",
    by: 'test/unit/message/batch.test.ts'
  },
  {
    name: 'link-to-itself',
    what: 'a log may name itself or a later one as the one before it, and waits for itself for ever',
    breaks: 'no silent loss: a stall',
    file: 'src/message/batch.ts',
    find: "if (incarnation >= header.incarnation) return 'the link does not lead to an earlier incarnation'",
    replace: '',
    by: 'test/unit/message/batch.test.ts'
  },
  {
    name: 'record-of-another-channel',
    what: 'a batch may carry records of another channel than its own',
    breaks: 'closed by default: what is granted by channel',
    file: 'src/message/record.ts',
    find: 'if (!inChannel) throw new RangeError',
    replace: 'if (false) throw new RangeError',
    by: 'test/unit/message/record.test.ts'
  },
  {
    name: 'ranges-joined-too-far',
    what: 'a set of positions takes in the hole of one between two ranges',
    breaks: 'no silent loss: a hole counts as settled',
    file: 'src/base/range-set.ts',
    find: '(this.#from[j] as number) <= to + 1) {',
    replace: '(this.#from[j] as number) <= to + 2) {',
    by: 'test/unit/base/range-set.test.ts'
  },
  {
    name: 'digest-keeps-old-value',
    what: 'the digest of what is known keeps what is no longer so, so that two nodes never agree',
    breaks: 'summaries that are equal cost one hash',
    file: 'src/base/digests.ts',
    find: 'if (before !== undefined) xor(entry.buckets, before.bucket, before.hash)',
    replace: '',
    by: 'test/unit/base/digests.test.ts'
  }
]
