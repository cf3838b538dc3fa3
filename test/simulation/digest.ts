import { simulatedHash } from './crypto.js'

/** Stands for a body in histories. */
export function digestOf (body: Uint8Array): string {
  const hash = simulatedHash(body)
  let text = ''
  for (let i = 0; i < 8; i++) text += ((hash[i] as number) + 256).toString(16).slice(1)
  return text
}
