import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Handshake {
  hello?: Hello
  times?: Times
  refusal?: Refusal
}

export namespace Handshake {
  let _codec: Codec<Handshake>

  export const codec = (): Codec<Handshake> => {
    if (_codec == null) {
      _codec = message<Handshake>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.hello != null) {
          w.uint32(10)
          Hello.codec().encode(obj.hello, w)
        }

        if (obj.times != null) {
          w.uint32(18)
          Times.codec().encode(obj.times, w)
        }

        if (obj.refusal != null) {
          w.uint32(26)
          Refusal.codec().encode(obj.refusal, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.hello = Hello.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.hello
              })
              break
            }
            case 2: {
              obj.times = Times.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.times
              })
              break
            }
            case 3: {
              obj.refusal = Refusal.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.refusal
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * Hello.codec().stream(reader, reader.uint32(), `${prefix}.hello`, {
                limits: opts.limits?.hello
              })

              break
            }
            case 2: {
              yield * Times.codec().stream(reader, reader.uint32(), `${prefix}.times`, {
                limits: opts.limits?.times
              })

              break
            }
            case 3: {
              yield * Refusal.codec().stream(reader, reader.uint32(), `${prefix}.refusal`, {
                limits: opts.limits?.refusal
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HandshakeHelloVersionMinFieldEvent {
    field: '$.hello.versionMin'
    value: number
  }

  export interface HandshakeHelloVersionMaxFieldEvent {
    field: '$.hello.versionMax'
    value: number
  }

  export interface HandshakeHelloMeshFieldEvent {
    field: '$.hello.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HandshakeHelloInstanceFieldEvent {
    field: '$.hello.instance'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HandshakeHelloRelayFieldEvent {
    field: '$.hello.relay'
    value: boolean
  }

  export interface HandshakeHelloAgentFieldEvent {
    field: '$.hello.agent'
    value: string
  }

  export interface HandshakeHelloAddressesFieldEvent {
    field: '$.hello.addresses[]'
    index: number
    value: string
  }

  export interface HandshakeTimesSentAtMsFieldEvent {
    field: '$.times.sentAtMs'
    value: number
  }

  export interface HandshakeTimesHeardAtMsFieldEvent {
    field: '$.times.heardAtMs'
    value: number
  }

  export interface HandshakeRefusalCodeFieldEvent {
    field: '$.refusal.code'
    value: number
  }

  export interface HandshakeRefusalMessageFieldEvent {
    field: '$.refusal.message'
    value: string
  }

  export function encode (obj: Partial<Handshake>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Handshake.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Handshake>): Handshake {
    return decodeMessage(buf, Handshake.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Handshake>): Generator<HandshakeHelloVersionMinFieldEvent | HandshakeHelloVersionMaxFieldEvent | HandshakeHelloMeshFieldEvent | HandshakeHelloInstanceFieldEvent | HandshakeHelloRelayFieldEvent | HandshakeHelloAgentFieldEvent | HandshakeHelloAddressesFieldEvent | HandshakeTimesSentAtMsFieldEvent | HandshakeTimesHeardAtMsFieldEvent | HandshakeRefusalCodeFieldEvent | HandshakeRefusalMessageFieldEvent> {
    return streamMessage(buf, Handshake.codec(), opts)
  }
}

export interface Hello {
  versionMin: number
  versionMax: number
  mesh: Uint8Array<ArrayBuffer>
  instance: Uint8Array<ArrayBuffer>
  relay: boolean
  agent: string
  addresses: string[]
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.versionMin != null && obj.versionMin !== 0)) {
          w.uint32(8)
          w.uint32(obj.versionMin)
        }

        if ((obj.versionMax != null && obj.versionMax !== 0)) {
          w.uint32(16)
          w.uint32(obj.versionMax)
        }

        if ((obj.mesh != null && obj.mesh.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.mesh)
        }

        if ((obj.instance != null && obj.instance.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.instance)
        }

        if ((obj.relay != null && obj.relay !== false)) {
          w.uint32(40)
          w.bool(obj.relay)
        }

        if ((obj.agent != null && obj.agent !== '')) {
          w.uint32(50)
          w.string(obj.agent)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(58)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          versionMin: 0,
          versionMax: 0,
          mesh: uint8ArrayAlloc(0),
          instance: uint8ArrayAlloc(0),
          relay: false,
          agent: '',
          addresses: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.versionMin = reader.uint32()
              break
            }
            case 2: {
              obj.versionMax = reader.uint32()
              break
            }
            case 3: {
              obj.mesh = reader.bytes()
              break
            }
            case 4: {
              obj.instance = reader.bytes()
              break
            }
            case 5: {
              obj.relay = reader.bool()
              break
            }
            case 6: {
              obj.agent = reader.string()
              break
            }
            case 7: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addresses: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.versionMin`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.versionMax`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.mesh`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.instance`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.relay`,
                value: reader.bool()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.agent`,
                value: reader.string()
              }
              break
            }
            case 7: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.string()
              }

              obj.addresses++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HelloVersionMinFieldEvent {
    field: '$.versionMin'
    value: number
  }

  export interface HelloVersionMaxFieldEvent {
    field: '$.versionMax'
    value: number
  }

  export interface HelloMeshFieldEvent {
    field: '$.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloInstanceFieldEvent {
    field: '$.instance'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloRelayFieldEvent {
    field: '$.relay'
    value: boolean
  }

  export interface HelloAgentFieldEvent {
    field: '$.agent'
    value: string
  }

  export interface HelloAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<Hello>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloVersionMinFieldEvent | HelloVersionMaxFieldEvent | HelloMeshFieldEvent | HelloInstanceFieldEvent | HelloRelayFieldEvent | HelloAgentFieldEvent | HelloAddressesFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}

export interface Times {
  sentAtMs: number
  heardAtMs: number
}

export namespace Times {
  let _codec: Codec<Times>

  export const codec = (): Codec<Times> => {
    if (_codec == null) {
      _codec = message<Times>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.sentAtMs != null && obj.sentAtMs !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.sentAtMs)
        }

        if ((obj.heardAtMs != null && obj.heardAtMs !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.heardAtMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          sentAtMs: 0,
          heardAtMs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.sentAtMs = reader.uint64Number()
              break
            }
            case 2: {
              obj.heardAtMs = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.sentAtMs`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.heardAtMs`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface TimesSentAtMsFieldEvent {
    field: '$.sentAtMs'
    value: number
  }

  export interface TimesHeardAtMsFieldEvent {
    field: '$.heardAtMs'
    value: number
  }

  export function encode (obj: Partial<Times>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Times.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Times>): Times {
    return decodeMessage(buf, Times.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Times>): Generator<TimesSentAtMsFieldEvent | TimesHeardAtMsFieldEvent> {
    return streamMessage(buf, Times.codec(), opts)
  }
}

export interface Refusal {
  code: number
  message: string
}

export namespace Refusal {
  let _codec: Codec<Refusal>

  export const codec = (): Codec<Refusal> => {
    if (_codec == null) {
      _codec = message<Refusal>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== 0)) {
          w.uint32(8)
          w.uint32(obj.code)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(18)
          w.string(obj.message)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: 0,
          message: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.uint32()
              break
            }
            case 2: {
              obj.message = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RefusalCodeFieldEvent {
    field: '$.code'
    value: number
  }

  export interface RefusalMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export function encode (obj: Partial<Refusal>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Refusal.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Refusal {
    return decodeMessage(buf, Refusal.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refusal>): Generator<RefusalCodeFieldEvent | RefusalMessageFieldEvent> {
    return streamMessage(buf, Refusal.codec(), opts)
  }
}
