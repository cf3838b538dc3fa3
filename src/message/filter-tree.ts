interface Node<T> {
  readonly below: Map<string, Node<T>>
  /** Whose filter ends here, and whose ends with `#` below here. */
  readonly ends: Set<T>
  readonly rest: Set<T>
}

const leaf = <T>(): Node<T> => ({ below: new Map(), ends: new Set(), rest: new Set() })

/** Many filters, each somebody's: whom a topic concerns is found by its levels, however many there are. */
export class FilterTree<T> {
  readonly #root = leaf<T>()
  #last: { readonly topic: string, readonly found: ReadonlySet<T> } | undefined

  add (filters: readonly string[], value: T): void {
    this.#last = undefined
    for (const filter of filters) {
      const levels = filter.split('/')
      let node = this.#root
      for (const level of levels) {
        if (level === '#') break
        let next = node.below.get(level)
        if (next === undefined) node.below.set(level, next = leaf())
        node = next
      }
      (levels.at(-1) === '#' ? node.rest : node.ends).add(value)
    }
  }

  remove (filters: readonly string[], value: T): void {
    this.#last = undefined
    for (const filter of filters) this.#prune(this.#root, filter.split('/'), 0, value)
  }

  /** Returns whether nothing is left in or below the node. */
  #prune (node: Node<T>, levels: readonly string[], depth: number, value: T): boolean {
    const level = levels[depth]
    if (level === '#') node.rest.delete(value)
    else if (level === undefined) node.ends.delete(value)
    else {
      const next = node.below.get(level)
      if (next !== undefined && this.#prune(next, levels, depth + 1, value)) node.below.delete(level)
    }
    return node.below.size === 0 && node.ends.size === 0 && node.rest.size === 0
  }

  /** Everybody of whose filters one matches the topic, each once. Not to be changed. */
  match (topic: string): ReadonlySet<T> {
    if (this.#last?.topic === topic) return this.#last.found
    const found = new Set<T>()
    const levels = topic.split('/')
    // Wildcards do not take in what is reserved.
    this.#collect(this.#root, levels, 0, topic.startsWith('$'), found)
    this.#last = { topic, found }
    return found
  }

  #collect (node: Node<T>, levels: readonly string[], depth: number, literal: boolean, found: Set<T>): void {
    // `a/#` also matches `a` itself [MQTT-4.7.1-2].
    if (!literal) for (const value of node.rest) found.add(value)
    const level = levels[depth]
    if (level === undefined) {
      for (const value of node.ends) found.add(value)
      return
    }
    const exact = node.below.get(level)
    if (exact !== undefined) this.#collect(exact, levels, depth + 1, literal, found)
    const any = literal || level === '+' ? undefined : node.below.get('+')
    if (any !== undefined) this.#collect(any, levels, depth + 1, literal, found)
  }
}
