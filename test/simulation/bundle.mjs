/** Bundles the simulation into one file, with the bug that `SKEIN_PLANT` names planted in it. Returns where it is. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { planted } from '../planted/plugin.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))

/** @param {string} [plant] */
export async function bundle (plant = process.env.SKEIN_PLANT) {
  const dir = mkdtempSync(join(tmpdir(), 'skein-simulate-'))
  // It goes with the process also when that is stopped by a signal, which then does what it always does.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      rmSync(dir, { recursive: true, force: true })
      process.kill(process.pid, signal)
    })
  }
  try {
    // What stays outside of the bundle is found where the project has it.
    symlinkSync(join(HERE, '../../node_modules'), join(dir, 'node_modules'))
    await build({
      configFile: false,
      logLevel: 'warn',
      root: HERE,
      plugins: [planted(plant)],
      ssr: { noExternal: true },
      build: { ssr: join(HERE, 'entry.ts'), outDir: dir, emptyOutDir: false, target: 'node20', minify: false, sourcemap: false, rolldownOptions: { output: { entryFileNames: 'simulation.mjs' } } }
    })
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    throw error
  }
  return { file: join(dir, 'simulation.mjs'), remove: () => { rmSync(dir, { recursive: true, force: true }) } }
}
