/** Flags that several commands share. */
import type { FlagSpec } from './command.js'
import { LOG_LEVELS } from '../daemon/config-schema.js'

export const HELP_FLAG: FlagSpec = { name: 'help', short: 'h', summary: 'Show this help.' }

export const JSON_FLAG: FlagSpec = { name: 'json', short: 'j', summary: 'Write JSON, one object a line.' }

export const QUIET_FLAG: FlagSpec = { name: 'quiet', short: 'q', summary: 'Say nothing on stderr but errors.' }

/** Which node: for every command. */
export const PLACE_FLAGS: readonly FlagSpec[] = [
  { name: 'data', value: 'DIR', summary: 'Data directory of the node. Default $SKEIN_DATA, else skein under the user\'s data directory.' },
  { name: 'config', value: 'FILE', summary: 'Configuration file (YAML).' },
  { name: 'log-level', value: 'LEVEL', choices: LOG_LEVELS, summary: 'What is logged to stderr. debug also shows where an error came from.' }
]

/** What a node is run with: for the daemon, and for commands that may be the node themselves. */
export const NODE_FLAGS: readonly FlagSpec[] = [
  ...PLACE_FLAGS,
  { name: 'mesh', value: 'ID', summary: 'Mesh to be in. Default the directory\'s, else default.' },
  { name: 'listen', value: 'ADDRESS', repeatable: true, summary: 'Multiaddr to listen on. Default this machine only.' },
  { name: 'bootstrap', value: 'ADDRESS', repeatable: true, summary: 'Address of a node to join, ending in /p2p/PEERID.' },
  { name: 'relay', negatable: true, summary: 'Carry and keep every channel that neighbours use.' },
  { name: 'mdns', negatable: true, summary: 'Find nodes on the local network by multicast DNS.' },
  { name: 'message-bytes-max', value: 'SIZE', summary: 'Largest body of one message. Default 256KiB, at most 1MiB.' },
  { name: 'publish-wait', value: 'TIME', summary: 'How long a publish waits for room at the quota. Default 5s.' },
  { name: 'history', value: 'FILE', summary: 'Append what the node does to this file, for skein-check.' },
  { name: 'accept-loss', summary: 'Start although the identity key is there and its store is gone.' }
]
