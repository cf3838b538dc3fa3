/** Bytes from outside: what peers, the disk and people hand over is not what it should be. */
export const DECODERS = [
  {
    name: 'varint-overlong',
    what: 'a number is read that is written longer than it need be',
    breaks: 'one form only of what was signed',
    file: 'src/base/varint.ts',
    find: "if (byte === 0 && i > 0) throw new RangeError('overlong varint')",
    replace: '',
    by: 'test/fuzz/fuzz.test.ts'
  },
  {
    name: 'row-text-loses-mark',
    what: 'a filter or a channel that begins with U+FEFF is another one after a restart',
    breaks: 'what a subscription claims',
    file: 'src/inbox/row-bytes.ts',
    find: 'fatal: true, ignoreBOM: true',
    replace: 'fatal: true',
    by: ['test/unit/inbox/parts.test.ts', 'test/fuzz/fuzz.test.ts']
  },
  {
    name: 'identity-halves-not-compared',
    what: 'a node goes by an id that its signatures do not hold for',
    breaks: 'a damaged file is never taken for what was written',
    file: 'src/security/identity.ts',
    find: 'if (createCrypto(key.raw.subarray(0, 32)).peerId !== key.publicKey.toString()) throw',
    replace: 'if (createCrypto(key.raw.subarray(0, 32)).peerId === \'\') throw',
    by: 'test/unit/security/identity.test.ts'
  },
  {
    name: 'answer-not-looked-at',
    what: 'whoever asked is never answered (a hang) when the answer is not what it should be',
    breaks: 'commands end with a code',
    file: 'src/daemon/control-protocol.ts',
    find: "typeof error === 'object' && error !== null ? error as",
    replace: 'true ? error as',
    by: 'test/unit/daemon/control.test.ts',
    hangs: true
  },
  {
    name: 'log-key-believed',
    what: 'a damaged key of a log’s row names a log that cannot be',
    breaks: 'a damaged row is never taken for what was written',
    file: 'src/store/log-state.ts',
    find: '|| channel === undefined || !isChannel(channel)',
    replace: '|| channel === undefined',
    by: ['test/unit/store/log-key.test.ts', 'test/fuzz/fuzz.test.ts']
  },
  {
    name: 'time-beyond-numbers',
    what: 'a neighbour with a clock that is far off ends the process of who asks it for something',
    breaks: 'nobody else can end a node',
    file: 'src/inbox/cursor-index.ts',
    find: 'Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.floor(since + offsetMs)))',
    replace: 'Math.max(1, Math.floor(since + offsetMs))',
    by: 'test/unit/inbox/start.test.ts'
  },
  {
    name: 'publish-id-row-believed',
    what: 'a damaged row of a publish id ends the process',
    breaks: 'a damaged row is never taken for what was written',
    file: 'src/outbox/publish-ids.ts',
    find: "if (value.length !== ROW_BYTES) return 'damaged'",
    replace: '',
    by: 'test/unit/outbox/publish-ids.test.ts'
  },
  {
    name: 'incarnation-row-believed',
    what: 'a damaged number of the last incarnation ends the process at the first publish',
    breaks: 'a damaged row is never taken for what was written',
    file: 'src/outbox/own-logs.ts',
    find: 'if (!Number.isSafeInteger(this.#lastOnDisk + 1)) throw',
    replace: 'if (this.#lastOnDisk < 0) throw',
    by: 'test/unit/outbox/own-logs.test.ts'
  },
  {
    name: 'config-alias-shown',
    what: 'a configuration with an alias within its own anchor ends a command without a code',
    breaks: 'commands end with a code',
    file: 'src/daemon/config-file.ts',
    find: "return 'a value that contains itself'",
    replace: 'return JSON.stringify(value)',
    by: 'test/unit/daemon/settings.test.ts'
  }
]
