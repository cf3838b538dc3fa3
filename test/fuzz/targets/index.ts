import type { Target } from '../target.js'
import { commandLine, environment } from './command-line.js'
import { client, lines, server } from './control.js'
import { engine } from './engine.js'
import { configFile, identity, lastPort, lmdbFile } from './files.js'
import { linkFrames } from './link-frames.js'
import { history } from './history.js'
import { helloStream, link } from './link.js'
import { announcement, batch, fields, forkProof, head, logRef, ranges, receipt, records, trim, varint } from './messages.js'
import { deadId, filter, messageId, peerId, topic, words } from './names.js'
import { address, handshake, rpc } from './network.js'
import { checkedRow, cursorRow, deadRow, logRow, subscriptionRow } from './rows.js'
import { store } from './store.js'

/** All that reads bytes from outside. */
export const TARGETS: readonly Target[] = [
  batch, head, records, fields, varint, ranges, logRef, trim, receipt, announcement, forkProof, ...linkFrames,
  rpc, handshake, helloStream, link, address,
  topic, filter, messageId, peerId, deadId, words,
  logRow, checkedRow, subscriptionRow, cursorRow, deadRow, store, lmdbFile, identity, lastPort, history,
  configFile, commandLine, environment, lines, server, client, engine
]
