/** What becomes of a batch that is offered to the intake. */
export type Offered =
  /** Staged; `done` will be called. */
  | 'new'
  /** Held or staged already. */
  | 'known'
  /** Well-formed, but not for this node, or no room now. */
  | 'unwanted'
  /** Whoever sent it should not have. */
  | 'bad'
  /** Contradicts what is held: the publisher signed both. */
  | 'forked'
