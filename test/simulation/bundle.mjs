/** Bundles the simulation into one file, with the bug that `SKEIN_PLANT` names planted in it. Returns where it is. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { planted } from '../planted/plugin.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))

/** @param {string} [plant] */
export async function bundle (plant = process.env.SKEIN_PLANT) {
  let dir
  const remove = () => { if (dir !== undefined) rmSync(dir, { recursive: true, force: true }) }
  // It goes with the process, also when that ends by an error, such as that nobody reads what it says, or by a signal, which then does what it always does.
  process.on('exit', remove)
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      remove()
      // Not before: a second signal would end it midway.
      process.removeAllListeners(signal).kill(process.pid, signal)
    })
  }
  dir = mkdtempSync(join(tmpdir(), 'skein-simulate-'))
  try {
    // What stays outside of the bundle is found where the project has it.
    symlinkSync(join(HERE, '../../node_modules'), join(dir, 'node_modules'))
    const { output } = await build({
      configFile: false,
      logLevel: 'warn',
      root: HERE,
      plugins: [planted(plant)],
      ssr: { noExternal: true },
      // Written below, at once: nothing is put there any more while it is being removed.
      build: { ssr: join(HERE, 'entry.ts'), write: false, target: 'node20', minify: false, sourcemap: false, rolldownOptions: { output: { entryFileNames: 'simulation.mjs' } } }
    })
    for (const { fileName, code } of output) {
      mkdirSync(dirname(join(dir, fileName)), { recursive: true })
      writeFileSync(join(dir, fileName), code)
    }
  } catch (error) {
    remove()
    throw error
  }
  return { file: join(dir, 'simulation.mjs'), remove }
}
