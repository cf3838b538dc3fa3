type Listener = (...args: never[]) => void

/** Events with known names and arguments. A listener that throws does not keep the others from hearing. */
export class Emitter<Events extends { [E in keyof Events]: Listener }> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>()

  constructor (private readonly onFault: (event: keyof Events, error: unknown) => void) {}

  on<E extends keyof Events> (event: E, listener: Events[E]): void {
    let set = this.#listeners.get(event)
    if (set === undefined) this.#listeners.set(event, set = new Set())
    set.add(listener)
  }

  off<E extends keyof Events> (event: E, listener: Events[E]): void {
    this.#listeners.get(event)?.delete(listener)
  }

  emit<E extends keyof Events> (event: E, ...args: Parameters<Events[E]>): void {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      try {
        (listener as (...args: unknown[]) => void)(...args)
      } catch (error) {
        this.onFault(event, error)
      }
    }
  }
}
