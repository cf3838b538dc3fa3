/** What a command is: its name, flags and examples as data, so that help and completion are made from them, and its run. */
import type { Output } from './output.js'

export interface FlagSpec {
  readonly name: string
  readonly short?: string
  /** What stands for its value in the help; without one it is a switch. */
  readonly value?: string
  readonly summary: string
  readonly repeatable?: boolean
  /** `--no-NAME` is taken as well. */
  readonly negatable?: boolean
  readonly choices?: readonly string[]
}

export interface ArgumentSpec {
  readonly name: string
  readonly optional?: boolean
  readonly repeatable?: boolean
}

export interface Invocation {
  /** By long name: text, a list of texts, or true or false. */
  readonly flags: Readonly<Record<string, string | readonly string[] | boolean | undefined>>
  readonly args: readonly string[]
}

export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Output
  /** A line for the person, on stderr, with the program's name before it. */
  note (line: string): void
  /** Lines for stderr as they are. */
  error (text: string): void
  /** Ends when the command is told to stop. */
  readonly signal: AbortSignal
}

export interface Command {
  /** `pub`, or `dead show`. */
  readonly name: string
  readonly summary: string
  /** A few sentences for `--help`. */
  readonly text?: string
  readonly args?: readonly ArgumentSpec[]
  readonly flags: readonly FlagSpec[]
  readonly examples: ReadonlyArray<readonly [command: string, meaning: string]>
  /** The exit status. */
  run (invocation: Invocation, context: Context): Promise<number>
}

export function textFlag ({ flags }: Invocation, name: string): string | undefined {
  return flags[name] as string | undefined
}

export function textFlags ({ flags }: Invocation, name: string): readonly string[] {
  return (flags[name] as readonly string[] | undefined) ?? []
}

export function switchFlag ({ flags }: Invocation, name: string): boolean {
  return flags[name] === true
}
