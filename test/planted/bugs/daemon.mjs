/** The daemon’s control socket and the command line. */
export const DAEMON = [
  {
    name: 'half-a-line-lost',
    what: 'a message that reaches the control socket in two pieces is cut in half',
    breaks: 'the command line publishes half a message',
    file: 'src/daemon/line-splitter.ts',
    find: 'if (start < buffer.length) this.add(buffer.subarray(start))',
    replace: '',
    by: 'test/unit/daemon/line-splitter.test.ts'
  },
  {
    name: 'control-credit-ignored',
    what: 'the daemon hands a command more deliveries than it asked for',
    breaks: 'bounded: what is handed over counts as an attempt',
    file: 'src/daemon/control-feed.ts',
    find: 'this.credit--\n',
    replace: '\n',
    by: 'test/unit/daemon/control.test.ts'
  },
  {
    name: 'control-publish-answered-early',
    what: 'the daemon answers a publish before it is on disk',
    breaks: 'durable publish',
    file: 'src/daemon/control-publisher.ts',
    find: 'this.publishingBytes += body.length\n',
    replace: "this.publishingBytes += body.length\n    this.output.send({ id, ok: {} })\n",
    by: 'test/unit/daemon/control.test.ts'
  },
  {
    name: 'history-remembers-forgotten-logs',
    file: 'src/node/history.ts',
    find: 'readonly #trims = new WeakMap<LogState, number>()',
    replace: 'readonly #trims = new Map<LogState, number>()',
    what: 'a node that records a history keeps in memory each log that it has ever trimmed',
    breaks: 'bounded',
    by: 'test/unit/node/history.test.ts'
  }
]
