/** Whom records concern, found once for all subscriptions. */
export const SIEVE = [
  {
    name: 'sieve-hits-not-told',
    what: 'a subscription that waits is not woken by a batch that has something for it among much for others',
    breaks: 'progress',
    file: 'src/inbox/arrivals.ts',
    find: 'else if (takes.has(cursor.core)) cursor.core.activate(cursor)',
    replace: 'else if (takes.has(cursor.core)) continue',
    by: 'test/unit/inbox/sieve.test.ts'
  },
  {
    name: 'sieve-before-its-time',
    what: 'what came before a subscription was made counts as sifted for it too',
    breaks: 'no silent loss',
    file: 'src/inbox/sieve.ts',
    find: 'position <= run.to && age <= run.age) return',
    replace: 'position <= run.to) return',
    by: 'test/unit/inbox/sieve.test.ts'
  },
  {
    name: 'sieve-of-the-old-filter',
    what: 'a subscription whose filters have changed passes over what only the new ones take',
    breaks: 'no silent loss',
    file: 'src/inbox/subscriptions.ts',
    find: '        env.sieve.remove(core)\n        core.change({ ...row, counted })\n        env.sieve.add(core)',
    replace: '        core.change({ ...row, counted })',
    by: 'test/unit/inbox/sieve.test.ts'
  },
  {
    name: 'sieve-over-a-hole',
    what: 'records that come behind a hole count as if they followed what came before it',
    breaks: 'no silent loss',
    file: 'src/inbox/sieve.ts',
    find: 'const at = runs.findIndex(each => each.to + 1 === base && ',
    replace: 'const at = runs.findIndex(each => each.to < base && ',
    by: 'test/unit/inbox/sieve.test.ts'
  },
  {
    name: 'never-passed-over',
    what: 'a subscription that takes nothing of what comes stays where it is, and holds it for ever',
    breaks: 'bounded',
    file: 'src/inbox/arrivals.ts',
    find: 'if (isIdle(cursor)) cursor.core.activate(cursor)',
    replace: 'if (isIdle(cursor)) continue',
    by: 'test/unit/inbox/sieve.test.ts'
  }
]
