/**
 * libp2p streams as bounded async iterables. A libp2p 3 stream that is iterated itself has no backpressure, and
 * `stream.onDrain()` of @libp2p/utils 7.4 resolves too early; both are kept out of the way here.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { READ_BUFFER_BYTES, STREAM_LOW_WATER_BYTES } from './network-limits.js'

/**
 * The chunks of a stream. While the consumer is busy, at most `READ_BUFFER_BYTES` and what was under way wait in memory:
 * then the stream is paused, and the far sender's window runs out. Listens from the moment of the call.
 */
export function chunks (stream: Stream): AsyncGenerator<Uint8ArrayList> {
  let waiting = new Uint8ArrayList()
  let ended = false
  let failure: Error | undefined
  let wake: (() => void) | undefined
  let resuming = false
  const signal = (): void => { wake?.(); wake = undefined }
  const bound = (): void => {
    if (!resuming && waiting.byteLength >= READ_BUFFER_BYTES && stream.readStatus === 'readable') stream.pause()
  }
  // A stream that resumes hands over first what it holds and opens its window after that, also when it was paused in between:
  // then it would take in without end, and fail when its buffer is full.
  const goOn = (): void => {
    resuming = true
    resume(stream)
    resuming = false
    bound()
  }
  const onMessage = (event: StreamMessageEvent): void => {
    waiting.append(event.data)
    bound()
    signal()
  }
  const onEnd = (): void => { ended = true; signal() }
  const onClose = (event: StreamCloseEvent): void => { ended = true; failure = event.error; signal() }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onClose)
  goOn()
  if (stream.status !== 'open') ended = true

  async function * read (): AsyncGenerator<Uint8ArrayList> {
    try {
      while (true) {
        if (waiting.byteLength > 0) {
          const chunk = waiting
          waiting = new Uint8ArrayList()
          yield chunk
          if (waiting.byteLength < READ_BUFFER_BYTES) goOn()
        } else if (ended) {
          if (failure !== undefined) throw failure
          return
        } else {
          await new Promise<void>((resolve) => { wake = resolve })
        }
      }
    } finally {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('end', onEnd)
      stream.removeEventListener('close', onClose)
    }
  }
  return read()
}

function resume (stream: Stream): void {
  if (stream.readStatus !== 'paused') return
  try {
    stream.resume()
  } catch {
    // The connection is gone: what was read is emitted all the same, only the window update is not sent.
  }
}

/**
 * Resolves when little of what was sent is still in the stream's own buffer; rejects when it closes. A drain event may
 * stand for a window of a few bytes, so the buffer's length decides and not the event.
 */
export function drained (stream: Stream): Promise<void> {
  if (stream.status !== 'open') return Promise.reject(new Error('the stream is closed'))
  if (stream.writeBufferLength <= STREAM_LOW_WATER_BYTES) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const off = (): void => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('idle', onDrain)
      stream.removeEventListener('close', onClose)
    }
    const look = (): void => {
      if (stream.writeBufferLength <= STREAM_LOW_WATER_BYTES) { off(); resolve() }
    }
    // The stream writes on in a microtask of its own after each drain event.
    const onDrain = (): void => { queueMicrotask(look) }
    const onClose = (event: StreamCloseEvent): void => { off(); reject(event.error ?? new Error('the stream is closed')) }
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('idle', onDrain)
    stream.addEventListener('close', onClose)
  })
}

/** Writes what `source` yields, one chunk at a time, each only when the stream takes it. `onTaken`: the far side made room. */
export async function writeTo (stream: Stream, source: AsyncIterable<Uint8Array | Uint8ArrayList>, onTaken?: () => void): Promise<void> {
  for await (const chunk of source) {
    if (stream.send(chunk)) continue
    const behind = stream.writeBufferLength > STREAM_LOW_WATER_BYTES
    await drained(stream)
    if (behind) onTaken?.()
  }
}
