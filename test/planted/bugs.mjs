/**
 * Bugs that the tests must find. Each replaces `find`, which is in `file` exactly once, by `replace`. `by` says who finds it:
 * `simulation`, or a test file.
 */
export const BUGS = [
  {
    name: 'ack-before-commit',
    what: 'an ack is answered before the cursor is on disk',
    file: 'src/inbox/committer.ts',
    find: "const { acks, letters, deletes } = cursor\n      cursor.acks = []",
    replace: "const { acks, letters, deletes } = cursor\n      for (const done of acks.splice(0)) done()\n      cursor.acks = []",
    by: 'simulation'
  }
]
