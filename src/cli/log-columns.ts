/** The columns of `outbox ls` and `inbox ls`. */
import type { LogInfo } from '../node/api.js'
import { formatBytes } from '../daemon/duration.js'
import type { Column } from './table.js'

export const LOG_COLUMNS: ReadonlyArray<Column<LogInfo>> = [
  { title: 'CHANNEL', cell: ({ channel }) => channel },
  { title: 'HEAD', cell: ({ head }) => head },
  { title: 'TRIMMED', cell: ({ trimmed }) => trimmed },
  { title: 'RECORDS', cell: ({ records }) => records },
  { title: 'SIZE', cell: ({ bytes }) => formatBytes(bytes) },
  { title: 'MISSING', cell: ({ missing }) => missing },
  { title: 'INCARNATION', cell: ({ incarnation }) => incarnation },
  { title: 'PUBLISHER', cell: ({ publisher }) => publisher }
]
