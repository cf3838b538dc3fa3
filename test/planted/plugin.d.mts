import type { Plugin } from 'vite'

export interface Bug {
  readonly name: string
  readonly what: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly breaks: string
  readonly by: string | readonly string[]
  /** The bug is a hang: a test that times out has found it. */
  readonly hangs?: boolean
}

export function bugNamed (name: string | undefined): Bug | undefined
export function plantIn (source: string, bug: Bug): string
export function planted (name?: string): Plugin
