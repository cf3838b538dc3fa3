/** What the daemon shows: lines that stay, and on a terminal one line below them that is written over and over. */
export interface DaemonOutput {
  readonly isTerminal: boolean
  readonly columns: number
  write (text: string): Promise<void>
}

/** Lines on their way to a reader that does not take them; above it lines are left out, and how many is told later. */
const UNDER_WAY_MAX = 1_000

export class Screen {
  private live = ''
  private underWay = 0
  private leftOut = 0

  constructor (private readonly out: DaemonOutput, private readonly sayLeftOut: (lines: number) => string) {}

  get isTerminal (): boolean { return this.out.isTerminal }

  get columns (): number { return this.out.columns }

  line (text: string): void {
    this.put(this.live === '' ? `${text}\n` : `\r\u001b[K${text}\n${this.live}`)
  }

  /** On a terminal only. */
  setLive (text: string): void {
    this.live = text.slice(0, Math.max(20, this.out.columns - 1))
    this.put(`\r\u001b[K${this.live}`)
  }

  /** Leaves the live line standing. */
  endLive (): void {
    if (this.live !== '') this.put('\n')
    this.live = ''
  }

  private put (text: string): void {
    if (this.underWay >= UNDER_WAY_MAX) {
      this.leftOut++
      return
    }
    this.underWay++
    this.out.write(text).catch(() => {}).finally(() => {
      this.underWay--
      if (this.leftOut === 0 || this.underWay > 0) return
      const lines = this.leftOut
      this.leftOut = 0
      this.line(this.sayLeftOut(lines))
    })
  }
}
