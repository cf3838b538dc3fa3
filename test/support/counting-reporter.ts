import type { Reporter, TestModule } from 'vitest/node'

/** Prints vitest's true counts as the last line: `N passed, N failed, N skipped`. */
export default class CountingReporter implements Reporter {
  onTestRunEnd (modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      // A file that fails before its tests are collected has none to count.
      if (module.state() === 'failed' && [...module.children.allTests()].every(test => test.result().state !== 'failed')) counts.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed' || state === 'skipped') counts[state]++
      }
    }
    // After the summary of the other reporters, whatever order they run in.
    process.on('exit', () => { process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`) })
  }
}
