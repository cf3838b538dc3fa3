import type { Plugin } from 'vite'

export interface Bug {
  readonly name: string
  readonly what: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly by: string
}

export function bugNamed (name: string | undefined): Bug | undefined
export function plantIn (source: string, bug: Bug): string
export function planted (name?: string): Plugin
