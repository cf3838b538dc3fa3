// What the benches that start processes of their own share.
import { fork } from 'node:child_process'

/** A process of a bench, which gets its options as JSON and talks over IPC. */
export const start = (url, options) => fork(url, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

/** The next message of this type; rejects when the process ends or says nothing of it in time. */
export const message = (child, type, timeoutMs = 120_000) => new Promise((resolve, reject) => {
  const over = () => {
    clearTimeout(timer)
    child.off('message', on)
    child.off('exit', gone)
  }
  const timer = setTimeout(() => { over(); reject(new Error(`no ${type} within ${timeoutMs / 1000} s`)) }, timeoutMs)
  const on = (value) => {
    if (value.type !== type) return
    over()
    resolve(value)
  }
  const gone = (code) => { over(); reject(new Error(`a process ended with ${code}`)) }
  child.on('message', on)
  child.once('exit', gone)
})

/** Asks the process to stop, and ends it when it does not. */
export async function stop (child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise(resolve => { child.once('exit', resolve) })
  child.send({ type: 'stop' })
  const timer = setTimeout(() => { child.kill('SIGKILL') }, 5_000)
  await gone
  clearTimeout(timer)
}

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]
export const median = (list) => quantile([...list].sort((a, b) => a - b), 0.5)
export const number = (value, digits = 0) => value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
