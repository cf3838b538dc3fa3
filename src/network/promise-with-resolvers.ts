/**
 * libp2p 3 calls `Promise.withResolvers`, which Node 20 lacks. Loaded before anything of libp2p.
 */

type Resolvers = PromiseConstructor & { withResolvers?: unknown }

if (typeof (Promise as Resolvers).withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers<T> (this: PromiseConstructor) {
      let resolve!: (value: T | PromiseLike<T>) => void
      let reject!: (reason?: unknown) => void
      const promise = new this<T>((onResolve, onReject) => { resolve = onResolve; reject = onReject })
      return { promise, resolve, reject }
    }
  })
}

export {}
