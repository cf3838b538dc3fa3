import { defineConfig } from 'vitest/config'
import { planted } from './test/planted/plugin.mjs'

export default defineConfig({
  plugins: [planted()],
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes on two cores: a deadline that a busy machine does not reach by itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: process.env.CI === undefined ? ['default'] : ['default', './test/support/counting-reporter.ts'],
    // `import … from 'skein'` in tests and in README blocks is the built package, as for a user.
    server: { deps: { inline: [] } }
  }
})
