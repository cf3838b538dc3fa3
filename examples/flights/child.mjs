/** The line between a child process and the conductor. */

// Ctrl-C in a terminal reaches every process; the conductor ends the others.
process.on('SIGINT', () => {})

/** Resolves when the message is sent. A conductor that has gone is not told: `untilOrphaned` ends this process. */
export function tell (message) {
  return new Promise(resolve => {
    if (process.connected) process.send(message, () => resolve())
    else resolve()
  })
}

/** Aborts when the conductor is gone: nobody would end this process then. */
export function untilOrphaned () {
  const aborter = new AbortController()
  process.once('disconnect', () => aborter.abort(new Error('the conductor is gone')))
  return aborter.signal
}
