/**
 * Bugs that the tests must find, by room. Each replaces `find`, which is in `file` exactly once, by `replace`. `what` says in a
 * user’s words what goes wrong, `breaks` which promise or hazard that is. `by` says who
 * finds it: `simulation`, or a test file, or several of which one is tried after the other.
 */
import { DAEMON } from './bugs/daemon.mjs'
import { DECODERS } from './bugs/decoders.mjs'
import { DIRECTORY } from './bugs/directory.mjs'
import { IDENTITY } from './bugs/identity.mjs'
import { INBOX } from './bugs/inbox.mjs'
import { INTAKE } from './bugs/intake.mjs'
import { MESSAGE } from './bugs/message.mjs'
import { NETWORK } from './bugs/network.mjs'
import { OUTBOX } from './bugs/outbox.mjs'
import { RECEIPTS } from './bugs/receipts.mjs'
import { REPAIR } from './bugs/repair.mjs'
import { RETENTION } from './bugs/retention.mjs'
import { SIEVE } from './bugs/sieve.mjs'
import { STORE } from './bugs/store.mjs'

export const BUGS = [...OUTBOX, ...STORE, ...INTAKE, ...INBOX, ...SIEVE, ...REPAIR, ...RECEIPTS, ...RETENTION, ...IDENTITY, ...DIRECTORY, ...NETWORK, ...MESSAGE, ...DAEMON, ...DECODERS]
