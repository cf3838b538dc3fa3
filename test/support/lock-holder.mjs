/** Locks the data directory that it is given, says so, and holds it until it is killed or its stdin ends. */
import { openDataDir } from '../../build/store/data-dir.js'

const [dir, role] = process.argv.slice(2)
try {
  const held = await openDataDir(dir, { role })
  process.stdout.write('locked\n')
  process.stdin.on('end', () => { held.release() }).resume()
} catch (error) {
  process.stdout.write(`${error.code} ${error.message}\n`)
}
