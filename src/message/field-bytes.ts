import { varintLength } from '../base/varint.js'

/** What a bytes field with a number below 16 takes in a protobuf message, tag and length with it; nothing when it is empty. */
export function fieldBytes (value: Uint8Array): number {
  return value.length === 0 ? 0 : 1 + varintLength(value.length) + value.length
}
