// What a process of the steady bench tells of itself: the delay of its event loop and the latencies since it was last asked, and what it holds now.
import { readFileSync } from 'node:fs'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

export function watchSelf () {
  const latencies = createHistogram()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let cpu = process.cpuUsage()
  return {
    latency (micros) { latencies.record(Math.max(1, micros)) },
    report () {
      const used = process.cpuUsage(cpu)
      cpu = process.cpuUsage()
      const { rss, heapUsed, external } = process.memoryUsage()
      // Without the pages of the store’s file that are mapped: those are the system’s to take back.
      const own = Number(/RssAnon:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
      // The histogram counts its own interval of one millisecond too.
      const report = {
        own, rss, heapUsed, external, cpu: (used.user + used.system) / 1e6, p50: latencies.percentile(50) / 1000, p99: latencies.percentile(99) / 1000,
        loopP50: Math.max(0, delay.percentile(50) / 1e6 - 1), loopP99: Math.max(0, delay.percentile(99) / 1e6 - 1), loopMax: Math.max(0, delay.max / 1e6 - 1)
      }
      latencies.reset()
      delay.reset()
      return report
    }
  }
}
