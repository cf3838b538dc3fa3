/**
 * What a subscriber knows, on disk: one line a delivery, only ever added to.
 *
 * Skein drops duplicates by its own cursor, but a process can die after it has written something down and before its ack
 * is on disk. Then the record is delivered again: effects outside the node's store happen at least once. So each line
 * carries the message id, a line whose id was there before is passed over, and each flight counts once.
 */
import { open } from 'node:fs/promises'

export class Journal {
  #file
  #ids = new Set()
  #waiting = []
  #failure
  #writing = Promise.resolve()

  /** Lines that were delivered again after their ack was lost. */
  repeated = 0

  /** Opens or makes it, and gives each entry that is there to `take`, once. */
  static async open (path, take) {
    const journal = new Journal()
    journal.#file = await open(path, 'a+')
    await journal.#load(take)
    return journal
  }

  get size () { return this.#ids.size }

  /** Resolves when the entry is on disk: true, or false if it had been there before. */
  append (id, entry) {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const fresh = !this.#ids.has(id)
    if (fresh) this.#ids.add(id)
    else this.repeated++
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: fresh ? `${JSON.stringify({ id, ...entry })}\n` : '', resolve: () => resolve(fresh), reject })
      if (this.#waiting.length === 1) this.#writing = this.#writing.then(() => this.#write())
    })
  }

  async close () {
    await this.#writing
    await this.#file.close()
  }

  /** Whatever came while the last sync was under way shares one write and one sync. */
  async #write () {
    const batch = this.#waiting.splice(0)
    try {
      if (this.#failure !== undefined) throw this.#failure
      const lines = batch.map(({ line }) => line).join('')
      if (lines !== '') await this.#file.appendFile(lines)
      await this.#file.datasync()
      for (const { resolve } of batch) resolve()
    } catch (error) {
      // What is on disk is not known any more: nothing further may be acked.
      this.#failure = error
      for (const { reject } of batch) reject(error)
    }
  }

  async #load (take) {
    const bytes = await this.#file.readFile()
    const end = bytes.lastIndexOf(0x0a) + 1
    // A kill in the middle of a write leaves half a line. It was never acked, so its flight comes again.
    if (end < bytes.length) await this.#file.truncate(end)
    for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
      if (line === '') continue
      const { id, ...entry } = JSON.parse(line)
      if (this.#ids.has(id)) continue
      this.#ids.add(id)
      take(entry)
    }
    await this.#file.datasync()
  }
}
