// Holds the lock of a data directory and listens nowhere, as a command does while it starts.
import { openDataDir } from '../../build/store/data-dir.js'

await openDataDir(process.argv[2], { role: 'command' })
console.log('held')
setInterval(() => {}, 60_000)
