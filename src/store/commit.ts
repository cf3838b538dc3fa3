import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import type { Store, StoreOp } from './store.js'

/**
 * Commits, and takes a throw of the store, which means that it is closed or that the operations are not what it takes, as
 * a failure like any other: told through `done`, later. Whoever waits for `done` must not wait for ever.
 */
export function commitOrFail (store: Store, clock: Pick<Clock, 'soon'>, ops: readonly StoreOp[], done: (error?: Error) => void): void {
  try {
    store.commit(ops, done)
  } catch (error) {
    clock.soon(() => { done(new SkeinError('ERR_STORE', `the store did not take a commit: ${(error as Error).message}`, { cause: error })) })
  }
}
