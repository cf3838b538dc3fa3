import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Record {
  topic: string
  body: Uint8Array<ArrayBuffer>
  contentType: string
  headers: Pair[]
  key?: string
  time: number
  expiresAt: number
  id: string
}

export namespace Record {
  let _codec: Codec<Record>

  export const codec = (): Codec<Record> => {
    if (_codec == null) {
      _codec = message<Record>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.topic != null && obj.topic !== '')) {
          w.uint32(10)
          w.string(obj.topic)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.body)
        }

        if ((obj.contentType != null && obj.contentType !== '')) {
          w.uint32(26)
          w.string(obj.contentType)
        }

        if (obj.headers != null && obj.headers.length > 0) {
          for (const value of obj.headers) {
            w.uint32(34)
            Pair.codec().encode(value, w)
          }
        }

        if (obj.key != null) {
          w.uint32(42)
          w.string(obj.key)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.time)
        }

        if ((obj.expiresAt != null && obj.expiresAt !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.expiresAt)
        }

        if ((obj.id != null && obj.id !== '')) {
          w.uint32(66)
          w.string(obj.id)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          topic: '',
          body: uint8ArrayAlloc(0),
          contentType: '',
          headers: [],
          time: 0,
          expiresAt: 0,
          id: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.topic = reader.string()
              break
            }
            case 2: {
              obj.body = reader.bytes()
              break
            }
            case 3: {
              obj.contentType = reader.string()
              break
            }
            case 4: {
              if (opts.limits?.headers != null && obj.headers.length === opts.limits.headers) {
                throw new MaxLengthError('Decode error - repeated field "headers" had too many elements')
              }

              obj.headers.push(Pair.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.headers$
              }))
              break
            }
            case 5: {
              obj.key = reader.string()
              break
            }
            case 6: {
              obj.time = reader.uint64Number()
              break
            }
            case 7: {
              obj.expiresAt = reader.uint64Number()
              break
            }
            case 8: {
              obj.id = reader.string()
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
          headers: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.topic`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.contentType`,
                value: reader.string()
              }
              break
            }
            case 4: {
              if (opts.limits?.headers != null && obj.headers === opts.limits.headers) {
                throw new MaxLengthError('Streaming decode error - repeated field "headers" had too many elements')
              }

              for (const evt of Pair.codec().stream(reader, reader.uint32(), `${prefix}.headers[]`, {
                limits: opts.limits?.headers$
              })) {
                yield {
                  ...evt,
                  index: obj.headers
                }
              }

              obj.headers++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.key`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.time`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.expiresAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.id`,
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

  export interface RecordTopicFieldEvent {
    field: '$.topic'
    value: string
  }

  export interface RecordBodyFieldEvent {
    field: '$.body'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RecordContentTypeFieldEvent {
    field: '$.contentType'
    value: string
  }

  export interface RecordHeadersNameFieldEvent {
    field: '$.headers[].name'
    value: string
    index: number
  }

  export interface RecordHeadersValueFieldEvent {
    field: '$.headers[].value'
    value: string
    index: number
  }

  export interface RecordKeyFieldEvent {
    field: '$.key'
    value: string
  }

  export interface RecordTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export interface RecordExpiresAtFieldEvent {
    field: '$.expiresAt'
    value: number
  }

  export interface RecordIdFieldEvent {
    field: '$.id'
    value: string
  }

  export function encode (obj: Partial<Record>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Record.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Record>): Record {
    return decodeMessage(buf, Record.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Record>): Generator<RecordTopicFieldEvent | RecordBodyFieldEvent | RecordContentTypeFieldEvent | RecordHeadersNameFieldEvent | RecordHeadersValueFieldEvent | RecordKeyFieldEvent | RecordTimeFieldEvent | RecordExpiresAtFieldEvent | RecordIdFieldEvent> {
    return streamMessage(buf, Record.codec(), opts)
  }
}

export interface Pair {
  name: string
  value: string
}

export namespace Pair {
  let _codec: Codec<Pair>

  export const codec = (): Codec<Pair> => {
    if (_codec == null) {
      _codec = message<Pair>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.value != null && obj.value !== '')) {
          w.uint32(18)
          w.string(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          value: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.value = reader.string()
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
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
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

  export interface PairNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface PairValueFieldEvent {
    field: '$.value'
    value: string
  }

  export function encode (obj: Partial<Pair>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Pair.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pair>): Pair {
    return decodeMessage(buf, Pair.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pair>): Generator<PairNameFieldEvent | PairValueFieldEvent> {
    return streamMessage(buf, Pair.codec(), opts)
  }
}

export interface BatchBody {
  records: Record[]
}

export namespace BatchBody {
  let _codec: Codec<BatchBody>

  export const codec = (): Codec<BatchBody> => {
    if (_codec == null) {
      _codec = message<BatchBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.records != null && obj.records.length > 0) {
          for (const value of obj.records) {
            w.uint32(10)
            Record.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          records: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records.length === opts.limits.records) {
                throw new MaxLengthError('Decode error - repeated field "records" had too many elements')
              }

              obj.records.push(Record.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.records$
              }))
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
          records: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records === opts.limits.records) {
                throw new MaxLengthError('Streaming decode error - repeated field "records" had too many elements')
              }

              for (const evt of Record.codec().stream(reader, reader.uint32(), `${prefix}.records[]`, {
                limits: opts.limits?.records$
              })) {
                yield {
                  ...evt,
                  index: obj.records
                }
              }

              obj.records++

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

  export interface BatchBodyRecordsTopicFieldEvent {
    field: '$.records[].topic'
    value: string
    index: number
  }

  export interface BatchBodyRecordsBodyFieldEvent {
    field: '$.records[].body'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface BatchBodyRecordsContentTypeFieldEvent {
    field: '$.records[].contentType'
    value: string
    index: number
  }

  export interface BatchBodyRecordsHeadersNameFieldEvent {
    field: '$.records[].headers[].name'
    value: string
    index: number
  }

  export interface BatchBodyRecordsHeadersValueFieldEvent {
    field: '$.records[].headers[].value'
    value: string
    index: number
  }

  export interface BatchBodyRecordsKeyFieldEvent {
    field: '$.records[].key'
    value: string
    index: number
  }

  export interface BatchBodyRecordsTimeFieldEvent {
    field: '$.records[].time'
    value: number
    index: number
  }

  export interface BatchBodyRecordsExpiresAtFieldEvent {
    field: '$.records[].expiresAt'
    value: number
    index: number
  }

  export interface BatchBodyRecordsIdFieldEvent {
    field: '$.records[].id'
    value: string
    index: number
  }

  export function encode (obj: Partial<BatchBody>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BatchBody.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchBody>): BatchBody {
    return decodeMessage(buf, BatchBody.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchBody>): Generator<BatchBodyRecordsTopicFieldEvent | BatchBodyRecordsBodyFieldEvent | BatchBodyRecordsContentTypeFieldEvent | BatchBodyRecordsHeadersNameFieldEvent | BatchBodyRecordsHeadersValueFieldEvent | BatchBodyRecordsKeyFieldEvent | BatchBodyRecordsTimeFieldEvent | BatchBodyRecordsExpiresAtFieldEvent | BatchBodyRecordsIdFieldEvent> {
    return streamMessage(buf, BatchBody.codec(), opts)
  }
}

export interface BatchHeader {
  mesh: Uint8Array<ArrayBuffer>
  publisher: Uint8Array<ArrayBuffer>
  incarnation: number
  incarnationRandom: Uint8Array<ArrayBuffer>
  channel: string
  base: number
  count: number
  time: number
  bodyLength: number
  bodyHash: Uint8Array<ArrayBuffer>
  previous: Uint8Array<ArrayBuffer>
  link?: Link
}

export namespace BatchHeader {
  let _codec: Codec<BatchHeader>

  export const codec = (): Codec<BatchHeader> => {
    if (_codec == null) {
      _codec = message<BatchHeader>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mesh != null && obj.mesh.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.mesh)
        }

        if ((obj.publisher != null && obj.publisher.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.publisher)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.incarnation)
        }

        if ((obj.incarnationRandom != null && obj.incarnationRandom.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.incarnationRandom)
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(42)
          w.string(obj.channel)
        }

        if ((obj.base != null && obj.base !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.base)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(56)
          w.uint32(obj.count)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(64)
          w.uint64Number(obj.time)
        }

        if ((obj.bodyLength != null && obj.bodyLength !== 0)) {
          w.uint32(72)
          w.uint32(obj.bodyLength)
        }

        if ((obj.bodyHash != null && obj.bodyHash.byteLength > 0)) {
          w.uint32(82)
          w.bytes(obj.bodyHash)
        }

        if ((obj.previous != null && obj.previous.byteLength > 0)) {
          w.uint32(90)
          w.bytes(obj.previous)
        }

        if (obj.link != null) {
          w.uint32(98)
          Link.codec().encode(obj.link, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mesh: uint8ArrayAlloc(0),
          publisher: uint8ArrayAlloc(0),
          incarnation: 0,
          incarnationRandom: uint8ArrayAlloc(0),
          channel: '',
          base: 0,
          count: 0,
          time: 0,
          bodyLength: 0,
          bodyHash: uint8ArrayAlloc(0),
          previous: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mesh = reader.bytes()
              break
            }
            case 2: {
              obj.publisher = reader.bytes()
              break
            }
            case 3: {
              obj.incarnation = reader.uint64Number()
              break
            }
            case 4: {
              obj.incarnationRandom = reader.bytes()
              break
            }
            case 5: {
              obj.channel = reader.string()
              break
            }
            case 6: {
              obj.base = reader.uint64Number()
              break
            }
            case 7: {
              obj.count = reader.uint32()
              break
            }
            case 8: {
              obj.time = reader.uint64Number()
              break
            }
            case 9: {
              obj.bodyLength = reader.uint32()
              break
            }
            case 10: {
              obj.bodyHash = reader.bytes()
              break
            }
            case 11: {
              obj.previous = reader.bytes()
              break
            }
            case 12: {
              obj.link = Link.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.link
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
              yield {
                field: `${prefix}.mesh`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.publisher`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.incarnationRandom`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.channel`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.base`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.time`,
                value: reader.uint64Number()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.bodyLength`,
                value: reader.uint32()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.bodyHash`,
                value: reader.bytes()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.previous`,
                value: reader.bytes()
              }
              break
            }
            case 12: {
              yield * Link.codec().stream(reader, reader.uint32(), `${prefix}.link`, {
                limits: opts.limits?.link
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

  export interface BatchHeaderMeshFieldEvent {
    field: '$.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderPublisherFieldEvent {
    field: '$.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderIncarnationFieldEvent {
    field: '$.incarnation'
    value: number
  }

  export interface BatchHeaderIncarnationRandomFieldEvent {
    field: '$.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export interface BatchHeaderBaseFieldEvent {
    field: '$.base'
    value: number
  }

  export interface BatchHeaderCountFieldEvent {
    field: '$.count'
    value: number
  }

  export interface BatchHeaderTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export interface BatchHeaderBodyLengthFieldEvent {
    field: '$.bodyLength'
    value: number
  }

  export interface BatchHeaderBodyHashFieldEvent {
    field: '$.bodyHash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderPreviousFieldEvent {
    field: '$.previous'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderLinkIncarnationFieldEvent {
    field: '$.link.incarnation'
    value: number
  }

  export interface BatchHeaderLinkIncarnationRandomFieldEvent {
    field: '$.link.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchHeaderLinkPositionFieldEvent {
    field: '$.link.position'
    value: number
  }

  export interface BatchHeaderLinkHashFieldEvent {
    field: '$.link.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BatchHeader>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BatchHeader.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchHeader>): BatchHeader {
    return decodeMessage(buf, BatchHeader.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchHeader>): Generator<BatchHeaderMeshFieldEvent | BatchHeaderPublisherFieldEvent | BatchHeaderIncarnationFieldEvent | BatchHeaderIncarnationRandomFieldEvent | BatchHeaderChannelFieldEvent | BatchHeaderBaseFieldEvent | BatchHeaderCountFieldEvent | BatchHeaderTimeFieldEvent | BatchHeaderBodyLengthFieldEvent | BatchHeaderBodyHashFieldEvent | BatchHeaderPreviousFieldEvent | BatchHeaderLinkIncarnationFieldEvent | BatchHeaderLinkIncarnationRandomFieldEvent | BatchHeaderLinkPositionFieldEvent | BatchHeaderLinkHashFieldEvent> {
    return streamMessage(buf, BatchHeader.codec(), opts)
  }
}

export interface Link {
  incarnation: number
  incarnationRandom: Uint8Array<ArrayBuffer>
  position: number
  hash: Uint8Array<ArrayBuffer>
}

export namespace Link {
  let _codec: Codec<Link>

  export const codec = (): Codec<Link> => {
    if (_codec == null) {
      _codec = message<Link>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.incarnation != null && obj.incarnation !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.incarnation)
        }

        if ((obj.incarnationRandom != null && obj.incarnationRandom.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.incarnationRandom)
        }

        if ((obj.position != null && obj.position !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.position)
        }

        if ((obj.hash != null && obj.hash.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.hash)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          incarnation: 0,
          incarnationRandom: uint8ArrayAlloc(0),
          position: 0,
          hash: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.incarnation = reader.uint64Number()
              break
            }
            case 2: {
              obj.incarnationRandom = reader.bytes()
              break
            }
            case 3: {
              obj.position = reader.uint64Number()
              break
            }
            case 4: {
              obj.hash = reader.bytes()
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
                field: `${prefix}.incarnation`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.incarnationRandom`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.position`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.hash`,
                value: reader.bytes()
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

  export interface LinkIncarnationFieldEvent {
    field: '$.incarnation'
    value: number
  }

  export interface LinkIncarnationRandomFieldEvent {
    field: '$.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkPositionFieldEvent {
    field: '$.position'
    value: number
  }

  export interface LinkHashFieldEvent {
    field: '$.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Link>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Link.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Link>): Link {
    return decodeMessage(buf, Link.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Link>): Generator<LinkIncarnationFieldEvent | LinkIncarnationRandomFieldEvent | LinkPositionFieldEvent | LinkHashFieldEvent> {
    return streamMessage(buf, Link.codec(), opts)
  }
}

export interface Batch {
  header: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  body: Uint8Array<ArrayBuffer>
}

export namespace Batch {
  let _codec: Codec<Batch>

  export const codec = (): Codec<Batch> => {
    if (_codec == null) {
      _codec = message<Batch>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.header != null && obj.header.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.header)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.body)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          header: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0),
          body: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.header = reader.bytes()
              break
            }
            case 2: {
              obj.signature = reader.bytes()
              break
            }
            case 3: {
              obj.body = reader.bytes()
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
                field: `${prefix}.header`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
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

  export interface BatchHeaderFieldEvent {
    field: '$.header'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BatchBodyFieldEvent {
    field: '$.body'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Batch>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Batch.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Batch>): Batch {
    return decodeMessage(buf, Batch.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Batch>): Generator<BatchHeaderFieldEvent | BatchSignatureFieldEvent | BatchBodyFieldEvent> {
    return streamMessage(buf, Batch.codec(), opts)
  }
}

export interface Signed {
  statement: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

export namespace Signed {
  let _codec: Codec<Signed>

  export const codec = (): Codec<Signed> => {
    if (_codec == null) {
      _codec = message<Signed>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.statement != null && obj.statement.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.statement)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          statement: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.statement = reader.bytes()
              break
            }
            case 2: {
              obj.signature = reader.bytes()
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
                field: `${prefix}.statement`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.signature`,
                value: reader.bytes()
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

  export interface SignedStatementFieldEvent {
    field: '$.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SignedSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Signed>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Signed.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Signed>): Signed {
    return decodeMessage(buf, Signed.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Signed>): Generator<SignedStatementFieldEvent | SignedSignatureFieldEvent> {
    return streamMessage(buf, Signed.codec(), opts)
  }
}

export interface LogRef {
  publisher: Uint8Array<ArrayBuffer>
  incarnation: number
  incarnationRandom: Uint8Array<ArrayBuffer>
  channel: string
}

export namespace LogRef {
  let _codec: Codec<LogRef>

  export const codec = (): Codec<LogRef> => {
    if (_codec == null) {
      _codec = message<LogRef>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.publisher != null && obj.publisher.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.publisher)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.incarnation)
        }

        if ((obj.incarnationRandom != null && obj.incarnationRandom.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.incarnationRandom)
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(34)
          w.string(obj.channel)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          publisher: uint8ArrayAlloc(0),
          incarnation: 0,
          incarnationRandom: uint8ArrayAlloc(0),
          channel: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.publisher = reader.bytes()
              break
            }
            case 2: {
              obj.incarnation = reader.uint64Number()
              break
            }
            case 3: {
              obj.incarnationRandom = reader.bytes()
              break
            }
            case 4: {
              obj.channel = reader.string()
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
                field: `${prefix}.publisher`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.incarnationRandom`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.channel`,
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

  export interface LogRefPublisherFieldEvent {
    field: '$.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRefIncarnationFieldEvent {
    field: '$.incarnation'
    value: number
  }

  export interface LogRefIncarnationRandomFieldEvent {
    field: '$.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRefChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export function encode (obj: Partial<LogRef>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, LogRef.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogRef>): LogRef {
    return decodeMessage(buf, LogRef.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogRef>): Generator<LogRefPublisherFieldEvent | LogRefIncarnationFieldEvent | LogRefIncarnationRandomFieldEvent | LogRefChannelFieldEvent> {
    return streamMessage(buf, LogRef.codec(), opts)
  }
}

export interface Trim {
  mesh: Uint8Array<ArrayBuffer>
  log?: LogRef
  through: number
  reason: TrimReason
  time: number
}

export namespace Trim {
  let _codec: Codec<Trim>

  export const codec = (): Codec<Trim> => {
    if (_codec == null) {
      _codec = message<Trim>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mesh != null && obj.mesh.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.mesh)
        }

        if (obj.log != null) {
          w.uint32(18)
          LogRef.codec().encode(obj.log, w)
        }

        if ((obj.through != null && obj.through !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.through)
        }

        if (obj.reason != null && __TrimReasonValues[obj.reason] !== 0) {
          w.uint32(32)
          TrimReason.codec().encode(obj.reason, w)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.time)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mesh: uint8ArrayAlloc(0),
          through: 0,
          reason: TrimReason.EXPIRED,
          time: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mesh = reader.bytes()
              break
            }
            case 2: {
              obj.log = LogRef.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.log
              })
              break
            }
            case 3: {
              obj.through = reader.uint64Number()
              break
            }
            case 4: {
              obj.reason = TrimReason.codec().decode(reader)
              break
            }
            case 5: {
              obj.time = reader.uint64Number()
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
                field: `${prefix}.mesh`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * LogRef.codec().stream(reader, reader.uint32(), `${prefix}.log`, {
                limits: opts.limits?.log
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.through`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.reason`,
                value: TrimReason.codec().decode(reader)
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.time`,
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

  export interface TrimMeshFieldEvent {
    field: '$.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TrimLogPublisherFieldEvent {
    field: '$.log.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TrimLogIncarnationFieldEvent {
    field: '$.log.incarnation'
    value: number
  }

  export interface TrimLogIncarnationRandomFieldEvent {
    field: '$.log.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface TrimLogChannelFieldEvent {
    field: '$.log.channel'
    value: string
  }

  export interface TrimThroughFieldEvent {
    field: '$.through'
    value: number
  }

  export interface TrimReasonFieldEvent {
    field: '$.reason'
    value: TrimReason
  }

  export interface TrimTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export function encode (obj: Partial<Trim>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Trim.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Trim>): Trim {
    return decodeMessage(buf, Trim.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Trim>): Generator<TrimMeshFieldEvent | TrimLogPublisherFieldEvent | TrimLogIncarnationFieldEvent | TrimLogIncarnationRandomFieldEvent | TrimLogChannelFieldEvent | TrimThroughFieldEvent | TrimReasonFieldEvent | TrimTimeFieldEvent> {
    return streamMessage(buf, Trim.codec(), opts)
  }
}

export enum TrimReason {
  EXPIRED = 'EXPIRED',
  EVICTED = 'EVICTED'
}

enum __TrimReasonValues {
  EXPIRED = 0,
  EVICTED = 1
}

export namespace TrimReason {
  export const codec = (): Codec<TrimReason> => {
    return enumeration<TrimReason>(__TrimReasonValues)
  }
}

export interface Announcement {
  mesh: Uint8Array<ArrayBuffer>
  publisher: Uint8Array<ArrayBuffer>
  sequence: number
  time: number
  page: number
  pages: number
  relay: boolean
  addresses: string[]
  joined: string[]
  subscriptions: AnnouncedSubscription[]
  heads: AnnouncedHead[]
  life: Uint8Array<ArrayBuffer>
  startedAt: number
  rival: Uint8Array<ArrayBuffer>
}

export namespace Announcement {
  let _codec: Codec<Announcement>

  export const codec = (): Codec<Announcement> => {
    if (_codec == null) {
      _codec = message<Announcement>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mesh != null && obj.mesh.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.mesh)
        }

        if ((obj.publisher != null && obj.publisher.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.publisher)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.time)
        }

        if ((obj.page != null && obj.page !== 0)) {
          w.uint32(40)
          w.uint32(obj.page)
        }

        if ((obj.pages != null && obj.pages !== 0)) {
          w.uint32(48)
          w.uint32(obj.pages)
        }

        if ((obj.relay != null && obj.relay !== false)) {
          w.uint32(56)
          w.bool(obj.relay)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(66)
            w.string(value)
          }
        }

        if (obj.joined != null && obj.joined.length > 0) {
          for (const value of obj.joined) {
            w.uint32(74)
            w.string(value)
          }
        }

        if (obj.subscriptions != null && obj.subscriptions.length > 0) {
          for (const value of obj.subscriptions) {
            w.uint32(82)
            AnnouncedSubscription.codec().encode(value, w)
          }
        }

        if (obj.heads != null && obj.heads.length > 0) {
          for (const value of obj.heads) {
            w.uint32(90)
            AnnouncedHead.codec().encode(value, w)
          }
        }

        if ((obj.life != null && obj.life.byteLength > 0)) {
          w.uint32(98)
          w.bytes(obj.life)
        }

        if ((obj.startedAt != null && obj.startedAt !== 0)) {
          w.uint32(104)
          w.uint64Number(obj.startedAt)
        }

        if ((obj.rival != null && obj.rival.byteLength > 0)) {
          w.uint32(114)
          w.bytes(obj.rival)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mesh: uint8ArrayAlloc(0),
          publisher: uint8ArrayAlloc(0),
          sequence: 0,
          time: 0,
          page: 0,
          pages: 0,
          relay: false,
          addresses: [],
          joined: [],
          subscriptions: [],
          heads: [],
          life: uint8ArrayAlloc(0),
          startedAt: 0,
          rival: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mesh = reader.bytes()
              break
            }
            case 2: {
              obj.publisher = reader.bytes()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.time = reader.uint64Number()
              break
            }
            case 5: {
              obj.page = reader.uint32()
              break
            }
            case 6: {
              obj.pages = reader.uint32()
              break
            }
            case 7: {
              obj.relay = reader.bool()
              break
            }
            case 8: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
              break
            }
            case 9: {
              if (opts.limits?.joined != null && obj.joined.length === opts.limits.joined) {
                throw new MaxLengthError('Decode error - repeated field "joined" had too many elements')
              }

              obj.joined.push(reader.string())
              break
            }
            case 10: {
              if (opts.limits?.subscriptions != null && obj.subscriptions.length === opts.limits.subscriptions) {
                throw new MaxLengthError('Decode error - repeated field "subscriptions" had too many elements')
              }

              obj.subscriptions.push(AnnouncedSubscription.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.subscriptions$
              }))
              break
            }
            case 11: {
              if (opts.limits?.heads != null && obj.heads.length === opts.limits.heads) {
                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements')
              }

              obj.heads.push(AnnouncedHead.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.heads$
              }))
              break
            }
            case 12: {
              obj.life = reader.bytes()
              break
            }
            case 13: {
              obj.startedAt = reader.uint64Number()
              break
            }
            case 14: {
              obj.rival = reader.bytes()
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
          addresses: 0,
          joined: 0,
          subscriptions: 0,
          heads: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.mesh`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.publisher`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.time`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.page`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.pages`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.relay`,
                value: reader.bool()
              }
              break
            }
            case 8: {
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
            case 9: {
              if (opts.limits?.joined != null && obj.joined === opts.limits.joined) {
                throw new MaxLengthError('Streaming decode error - repeated field "joined" had too many elements')
              }

              yield {
                field: `${prefix}.joined[]`,
                index: obj.joined,
                value: reader.string()
              }

              obj.joined++

              break
            }
            case 10: {
              if (opts.limits?.subscriptions != null && obj.subscriptions === opts.limits.subscriptions) {
                throw new MaxLengthError('Streaming decode error - repeated field "subscriptions" had too many elements')
              }

              for (const evt of AnnouncedSubscription.codec().stream(reader, reader.uint32(), `${prefix}.subscriptions[]`, {
                limits: opts.limits?.subscriptions$
              })) {
                yield {
                  ...evt,
                  index: obj.subscriptions
                }
              }

              obj.subscriptions++

              break
            }
            case 11: {
              if (opts.limits?.heads != null && obj.heads === opts.limits.heads) {
                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements')
              }

              for (const evt of AnnouncedHead.codec().stream(reader, reader.uint32(), `${prefix}.heads[]`, {
                limits: opts.limits?.heads$
              })) {
                yield {
                  ...evt,
                  index: obj.heads
                }
              }

              obj.heads++

              break
            }
            case 12: {
              yield {
                field: `${prefix}.life`,
                value: reader.bytes()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.startedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.rival`,
                value: reader.bytes()
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

  export interface AnnouncementMeshFieldEvent {
    field: '$.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AnnouncementPublisherFieldEvent {
    field: '$.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AnnouncementSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface AnnouncementTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export interface AnnouncementPageFieldEvent {
    field: '$.page'
    value: number
  }

  export interface AnnouncementPagesFieldEvent {
    field: '$.pages'
    value: number
  }

  export interface AnnouncementRelayFieldEvent {
    field: '$.relay'
    value: boolean
  }

  export interface AnnouncementAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: string
  }

  export interface AnnouncementJoinedFieldEvent {
    field: '$.joined[]'
    index: number
    value: string
  }

  export interface AnnouncementSubscriptionsNameFieldEvent {
    field: '$.subscriptions[].name'
    value: string
    index: number
  }

  export interface AnnouncementSubscriptionsFiltersFieldEvent {
    field: '$.subscriptions[].filters[]'
    index: number
    value: string
  }

  export interface AnnouncementSubscriptionsCreatedAtFieldEvent {
    field: '$.subscriptions[].createdAt'
    value: number
    index: number
  }

  export interface AnnouncementHeadsChannelFieldEvent {
    field: '$.heads[].channel'
    value: string
    index: number
  }

  export interface AnnouncementHeadsIncarnationFieldEvent {
    field: '$.heads[].incarnation'
    value: number
    index: number
  }

  export interface AnnouncementHeadsIncarnationRandomFieldEvent {
    field: '$.heads[].incarnationRandom'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface AnnouncementHeadsPositionFieldEvent {
    field: '$.heads[].position'
    value: number
    index: number
  }

  export interface AnnouncementHeadsHashFieldEvent {
    field: '$.heads[].hash'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface AnnouncementHeadsTrimmedFieldEvent {
    field: '$.heads[].trimmed'
    value: number
    index: number
  }

  export interface AnnouncementLifeFieldEvent {
    field: '$.life'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AnnouncementStartedAtFieldEvent {
    field: '$.startedAt'
    value: number
  }

  export interface AnnouncementRivalFieldEvent {
    field: '$.rival'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Announcement>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Announcement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Announcement {
    return decodeMessage(buf, Announcement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Generator<AnnouncementMeshFieldEvent | AnnouncementPublisherFieldEvent | AnnouncementSequenceFieldEvent | AnnouncementTimeFieldEvent | AnnouncementPageFieldEvent | AnnouncementPagesFieldEvent | AnnouncementRelayFieldEvent | AnnouncementAddressesFieldEvent | AnnouncementJoinedFieldEvent | AnnouncementSubscriptionsNameFieldEvent | AnnouncementSubscriptionsFiltersFieldEvent | AnnouncementSubscriptionsCreatedAtFieldEvent | AnnouncementHeadsChannelFieldEvent | AnnouncementHeadsIncarnationFieldEvent | AnnouncementHeadsIncarnationRandomFieldEvent | AnnouncementHeadsPositionFieldEvent | AnnouncementHeadsHashFieldEvent | AnnouncementHeadsTrimmedFieldEvent | AnnouncementLifeFieldEvent | AnnouncementStartedAtFieldEvent | AnnouncementRivalFieldEvent> {
    return streamMessage(buf, Announcement.codec(), opts)
  }
}

export interface AnnouncedSubscription {
  name: string
  filters: string[]
  createdAt: number
}

export namespace AnnouncedSubscription {
  let _codec: Codec<AnnouncedSubscription>

  export const codec = (): Codec<AnnouncedSubscription> => {
    if (_codec == null) {
      _codec = message<AnnouncedSubscription>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if (obj.filters != null && obj.filters.length > 0) {
          for (const value of obj.filters) {
            w.uint32(18)
            w.string(value)
          }
        }

        if ((obj.createdAt != null && obj.createdAt !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.createdAt)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          filters: [],
          createdAt: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              if (opts.limits?.filters != null && obj.filters.length === opts.limits.filters) {
                throw new MaxLengthError('Decode error - repeated field "filters" had too many elements')
              }

              obj.filters.push(reader.string())
              break
            }
            case 3: {
              obj.createdAt = reader.uint64Number()
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
          filters: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              if (opts.limits?.filters != null && obj.filters === opts.limits.filters) {
                throw new MaxLengthError('Streaming decode error - repeated field "filters" had too many elements')
              }

              yield {
                field: `${prefix}.filters[]`,
                index: obj.filters,
                value: reader.string()
              }

              obj.filters++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.createdAt`,
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

  export interface AnnouncedSubscriptionNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface AnnouncedSubscriptionFiltersFieldEvent {
    field: '$.filters[]'
    index: number
    value: string
  }

  export interface AnnouncedSubscriptionCreatedAtFieldEvent {
    field: '$.createdAt'
    value: number
  }

  export function encode (obj: Partial<AnnouncedSubscription>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AnnouncedSubscription.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedSubscription>): AnnouncedSubscription {
    return decodeMessage(buf, AnnouncedSubscription.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedSubscription>): Generator<AnnouncedSubscriptionNameFieldEvent | AnnouncedSubscriptionFiltersFieldEvent | AnnouncedSubscriptionCreatedAtFieldEvent> {
    return streamMessage(buf, AnnouncedSubscription.codec(), opts)
  }
}

export interface AnnouncedHead {
  channel: string
  incarnation: number
  incarnationRandom: Uint8Array<ArrayBuffer>
  position: number
  hash: Uint8Array<ArrayBuffer>
  trimmed: number
}

export namespace AnnouncedHead {
  let _codec: Codec<AnnouncedHead>

  export const codec = (): Codec<AnnouncedHead> => {
    if (_codec == null) {
      _codec = message<AnnouncedHead>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(10)
          w.string(obj.channel)
        }

        if ((obj.incarnation != null && obj.incarnation !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.incarnation)
        }

        if ((obj.incarnationRandom != null && obj.incarnationRandom.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.incarnationRandom)
        }

        if ((obj.position != null && obj.position !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.position)
        }

        if ((obj.hash != null && obj.hash.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.hash)
        }

        if ((obj.trimmed != null && obj.trimmed !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.trimmed)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          channel: '',
          incarnation: 0,
          incarnationRandom: uint8ArrayAlloc(0),
          position: 0,
          hash: uint8ArrayAlloc(0),
          trimmed: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.channel = reader.string()
              break
            }
            case 2: {
              obj.incarnation = reader.uint64Number()
              break
            }
            case 3: {
              obj.incarnationRandom = reader.bytes()
              break
            }
            case 4: {
              obj.position = reader.uint64Number()
              break
            }
            case 5: {
              obj.hash = reader.bytes()
              break
            }
            case 6: {
              obj.trimmed = reader.uint64Number()
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
                field: `${prefix}.channel`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.incarnation`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.incarnationRandom`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.position`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.hash`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.trimmed`,
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

  export interface AnnouncedHeadChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export interface AnnouncedHeadIncarnationFieldEvent {
    field: '$.incarnation'
    value: number
  }

  export interface AnnouncedHeadIncarnationRandomFieldEvent {
    field: '$.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AnnouncedHeadPositionFieldEvent {
    field: '$.position'
    value: number
  }

  export interface AnnouncedHeadHashFieldEvent {
    field: '$.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface AnnouncedHeadTrimmedFieldEvent {
    field: '$.trimmed'
    value: number
  }

  export function encode (obj: Partial<AnnouncedHead>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AnnouncedHead.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedHead>): AnnouncedHead {
    return decodeMessage(buf, AnnouncedHead.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedHead>): Generator<AnnouncedHeadChannelFieldEvent | AnnouncedHeadIncarnationFieldEvent | AnnouncedHeadIncarnationRandomFieldEvent | AnnouncedHeadPositionFieldEvent | AnnouncedHeadHashFieldEvent | AnnouncedHeadTrimmedFieldEvent> {
    return streamMessage(buf, AnnouncedHead.codec(), opts)
  }
}

export interface ReceiptStatement {
  mesh: Uint8Array<ArrayBuffer>
  by: Uint8Array<ArrayBuffer>
  sequence: number
  log?: LogRef
  stored: Uint8Array<ArrayBuffer>
  processed: Processed[]
}

export namespace ReceiptStatement {
  let _codec: Codec<ReceiptStatement>

  export const codec = (): Codec<ReceiptStatement> => {
    if (_codec == null) {
      _codec = message<ReceiptStatement>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mesh != null && obj.mesh.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.mesh)
        }

        if ((obj.by != null && obj.by.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.by)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if (obj.log != null) {
          w.uint32(34)
          LogRef.codec().encode(obj.log, w)
        }

        if ((obj.stored != null && obj.stored.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.stored)
        }

        if (obj.processed != null && obj.processed.length > 0) {
          for (const value of obj.processed) {
            w.uint32(50)
            Processed.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mesh: uint8ArrayAlloc(0),
          by: uint8ArrayAlloc(0),
          sequence: 0,
          stored: uint8ArrayAlloc(0),
          processed: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mesh = reader.bytes()
              break
            }
            case 2: {
              obj.by = reader.bytes()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.log = LogRef.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.log
              })
              break
            }
            case 5: {
              obj.stored = reader.bytes()
              break
            }
            case 6: {
              if (opts.limits?.processed != null && obj.processed.length === opts.limits.processed) {
                throw new MaxLengthError('Decode error - repeated field "processed" had too many elements')
              }

              obj.processed.push(Processed.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.processed$
              }))
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
          processed: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.mesh`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.by`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield * LogRef.codec().stream(reader, reader.uint32(), `${prefix}.log`, {
                limits: opts.limits?.log
              })

              break
            }
            case 5: {
              yield {
                field: `${prefix}.stored`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              if (opts.limits?.processed != null && obj.processed === opts.limits.processed) {
                throw new MaxLengthError('Streaming decode error - repeated field "processed" had too many elements')
              }

              for (const evt of Processed.codec().stream(reader, reader.uint32(), `${prefix}.processed[]`, {
                limits: opts.limits?.processed$
              })) {
                yield {
                  ...evt,
                  index: obj.processed
                }
              }

              obj.processed++

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

  export interface ReceiptStatementMeshFieldEvent {
    field: '$.mesh'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStatementByFieldEvent {
    field: '$.by'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStatementSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface ReceiptStatementLogPublisherFieldEvent {
    field: '$.log.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStatementLogIncarnationFieldEvent {
    field: '$.log.incarnation'
    value: number
  }

  export interface ReceiptStatementLogIncarnationRandomFieldEvent {
    field: '$.log.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStatementLogChannelFieldEvent {
    field: '$.log.channel'
    value: string
  }

  export interface ReceiptStatementStoredFieldEvent {
    field: '$.stored'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStatementProcessedNameFieldEvent {
    field: '$.processed[].name'
    value: string
    index: number
  }

  export interface ReceiptStatementProcessedRangesFieldEvent {
    field: '$.processed[].ranges'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<ReceiptStatement>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ReceiptStatement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptStatement>): ReceiptStatement {
    return decodeMessage(buf, ReceiptStatement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiptStatement>): Generator<ReceiptStatementMeshFieldEvent | ReceiptStatementByFieldEvent | ReceiptStatementSequenceFieldEvent | ReceiptStatementLogPublisherFieldEvent | ReceiptStatementLogIncarnationFieldEvent | ReceiptStatementLogIncarnationRandomFieldEvent | ReceiptStatementLogChannelFieldEvent | ReceiptStatementStoredFieldEvent | ReceiptStatementProcessedNameFieldEvent | ReceiptStatementProcessedRangesFieldEvent> {
    return streamMessage(buf, ReceiptStatement.codec(), opts)
  }
}

export interface Processed {
  name: string
  ranges: Uint8Array<ArrayBuffer>
}

export namespace Processed {
  let _codec: Codec<Processed>

  export const codec = (): Codec<Processed> => {
    if (_codec == null) {
      _codec = message<Processed>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.ranges != null && obj.ranges.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.ranges)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          ranges: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.ranges = reader.bytes()
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
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.ranges`,
                value: reader.bytes()
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

  export interface ProcessedNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface ProcessedRangesFieldEvent {
    field: '$.ranges'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Processed>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Processed.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Processed>): Processed {
    return decodeMessage(buf, Processed.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Processed>): Generator<ProcessedNameFieldEvent | ProcessedRangesFieldEvent> {
    return streamMessage(buf, Processed.codec(), opts)
  }
}

export interface Announcements {
  signed: Uint8Array<ArrayBuffer>[]
}

export namespace Announcements {
  let _codec: Codec<Announcements>

  export const codec = (): Codec<Announcements> => {
    if (_codec == null) {
      _codec = message<Announcements>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.signed != null && obj.signed.length > 0) {
          for (const value of obj.signed) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          signed: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.signed != null && obj.signed.length === opts.limits.signed) {
                throw new MaxLengthError('Decode error - repeated field "signed" had too many elements')
              }

              obj.signed.push(reader.bytes())
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
          signed: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.signed != null && obj.signed === opts.limits.signed) {
                throw new MaxLengthError('Streaming decode error - repeated field "signed" had too many elements')
              }

              yield {
                field: `${prefix}.signed[]`,
                index: obj.signed,
                value: reader.bytes()
              }

              obj.signed++

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

  export interface AnnouncementsSignedFieldEvent {
    field: '$.signed[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Announcements>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Announcements.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcements>): Announcements {
    return decodeMessage(buf, Announcements.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcements>): Generator<AnnouncementsSignedFieldEvent> {
    return streamMessage(buf, Announcements.codec(), opts)
  }
}

export interface Summary {
  channels: ChannelSummary[]
}

export namespace Summary {
  let _codec: Codec<Summary>

  export const codec = (): Codec<Summary> => {
    if (_codec == null) {
      _codec = message<Summary>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.channels != null && obj.channels.length > 0) {
          for (const value of obj.channels) {
            w.uint32(10)
            ChannelSummary.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          channels: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.channels != null && obj.channels.length === opts.limits.channels) {
                throw new MaxLengthError('Decode error - repeated field "channels" had too many elements')
              }

              obj.channels.push(ChannelSummary.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.channels$
              }))
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
          channels: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.channels != null && obj.channels === opts.limits.channels) {
                throw new MaxLengthError('Streaming decode error - repeated field "channels" had too many elements')
              }

              for (const evt of ChannelSummary.codec().stream(reader, reader.uint32(), `${prefix}.channels[]`, {
                limits: opts.limits?.channels$
              })) {
                yield {
                  ...evt,
                  index: obj.channels
                }
              }

              obj.channels++

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

  export interface SummaryChannelsChannelFieldEvent {
    field: '$.channels[].channel'
    value: string
    index: number
  }

  export interface SummaryChannelsHeadsFieldEvent {
    field: '$.channels[].heads'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface SummaryChannelsReceiptsFieldEvent {
    field: '$.channels[].receipts'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface SummaryChannelsHeadsCountFieldEvent {
    field: '$.channels[].headsCount'
    value: number
    index: number
  }

  export interface SummaryChannelsReceiptsCountFieldEvent {
    field: '$.channels[].receiptsCount'
    value: number
    index: number
  }

  export interface SummaryChannelsOwnOnlyFieldEvent {
    field: '$.channels[].ownOnly'
    value: boolean
    index: number
  }

  export function encode (obj: Partial<Summary>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Summary.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Summary>): Summary {
    return decodeMessage(buf, Summary.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Summary>): Generator<SummaryChannelsChannelFieldEvent | SummaryChannelsHeadsFieldEvent | SummaryChannelsReceiptsFieldEvent | SummaryChannelsHeadsCountFieldEvent | SummaryChannelsReceiptsCountFieldEvent | SummaryChannelsOwnOnlyFieldEvent> {
    return streamMessage(buf, Summary.codec(), opts)
  }
}

export interface ChannelSummary {
  channel: string
  heads: Uint8Array<ArrayBuffer>
  receipts: Uint8Array<ArrayBuffer>
  headsCount: number
  receiptsCount: number
  ownOnly?: boolean
}

export namespace ChannelSummary {
  let _codec: Codec<ChannelSummary>

  export const codec = (): Codec<ChannelSummary> => {
    if (_codec == null) {
      _codec = message<ChannelSummary>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(10)
          w.string(obj.channel)
        }

        if ((obj.heads != null && obj.heads.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.heads)
        }

        if ((obj.receipts != null && obj.receipts.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.receipts)
        }

        if ((obj.headsCount != null && obj.headsCount !== 0)) {
          w.uint32(32)
          w.uint32(obj.headsCount)
        }

        if ((obj.receiptsCount != null && obj.receiptsCount !== 0)) {
          w.uint32(40)
          w.uint32(obj.receiptsCount)
        }

        if (obj.ownOnly != null) {
          w.uint32(48)
          w.bool(obj.ownOnly)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          channel: '',
          heads: uint8ArrayAlloc(0),
          receipts: uint8ArrayAlloc(0),
          headsCount: 0,
          receiptsCount: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.channel = reader.string()
              break
            }
            case 2: {
              obj.heads = reader.bytes()
              break
            }
            case 3: {
              obj.receipts = reader.bytes()
              break
            }
            case 4: {
              obj.headsCount = reader.uint32()
              break
            }
            case 5: {
              obj.receiptsCount = reader.uint32()
              break
            }
            case 6: {
              obj.ownOnly = reader.bool()
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
                field: `${prefix}.channel`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.heads`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.receipts`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.headsCount`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.receiptsCount`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.ownOnly`,
                value: reader.bool()
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

  export interface ChannelSummaryChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export interface ChannelSummaryHeadsFieldEvent {
    field: '$.heads'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ChannelSummaryReceiptsFieldEvent {
    field: '$.receipts'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ChannelSummaryHeadsCountFieldEvent {
    field: '$.headsCount'
    value: number
  }

  export interface ChannelSummaryReceiptsCountFieldEvent {
    field: '$.receiptsCount'
    value: number
  }

  export interface ChannelSummaryOwnOnlyFieldEvent {
    field: '$.ownOnly'
    value: boolean
  }

  export function encode (obj: Partial<ChannelSummary>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ChannelSummary.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChannelSummary>): ChannelSummary {
    return decodeMessage(buf, ChannelSummary.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChannelSummary>): Generator<ChannelSummaryChannelFieldEvent | ChannelSummaryHeadsFieldEvent | ChannelSummaryReceiptsFieldEvent | ChannelSummaryHeadsCountFieldEvent | ChannelSummaryReceiptsCountFieldEvent | ChannelSummaryOwnOnlyFieldEvent> {
    return streamMessage(buf, ChannelSummary.codec(), opts)
  }
}

export interface Buckets {
  channel: string
  heads: Uint8Array<ArrayBuffer>
  receipts: Uint8Array<ArrayBuffer>
  ownOnly?: boolean
}

export namespace Buckets {
  let _codec: Codec<Buckets>

  export const codec = (): Codec<Buckets> => {
    if (_codec == null) {
      _codec = message<Buckets>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(10)
          w.string(obj.channel)
        }

        if ((obj.heads != null && obj.heads.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.heads)
        }

        if ((obj.receipts != null && obj.receipts.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.receipts)
        }

        if (obj.ownOnly != null) {
          w.uint32(32)
          w.bool(obj.ownOnly)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          channel: '',
          heads: uint8ArrayAlloc(0),
          receipts: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.channel = reader.string()
              break
            }
            case 2: {
              obj.heads = reader.bytes()
              break
            }
            case 3: {
              obj.receipts = reader.bytes()
              break
            }
            case 4: {
              obj.ownOnly = reader.bool()
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
                field: `${prefix}.channel`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.heads`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.receipts`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.ownOnly`,
                value: reader.bool()
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

  export interface BucketsChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export interface BucketsHeadsFieldEvent {
    field: '$.heads'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BucketsReceiptsFieldEvent {
    field: '$.receipts'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BucketsOwnOnlyFieldEvent {
    field: '$.ownOnly'
    value: boolean
  }

  export function encode (obj: Partial<Buckets>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Buckets.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Buckets>): Buckets {
    return decodeMessage(buf, Buckets.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Buckets>): Generator<BucketsChannelFieldEvent | BucketsHeadsFieldEvent | BucketsReceiptsFieldEvent | BucketsOwnOnlyFieldEvent> {
    return streamMessage(buf, Buckets.codec(), opts)
  }
}

export interface Heads {
  channel: string
  heads: Uint8Array<ArrayBuffer>[]
  trims: Uint8Array<ArrayBuffer>[]
}

export namespace Heads {
  let _codec: Codec<Heads>

  export const codec = (): Codec<Heads> => {
    if (_codec == null) {
      _codec = message<Heads>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.channel != null && obj.channel !== '')) {
          w.uint32(10)
          w.string(obj.channel)
        }

        if (obj.heads != null && obj.heads.length > 0) {
          for (const value of obj.heads) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (obj.trims != null && obj.trims.length > 0) {
          for (const value of obj.trims) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          channel: '',
          heads: [],
          trims: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.channel = reader.string()
              break
            }
            case 2: {
              if (opts.limits?.heads != null && obj.heads.length === opts.limits.heads) {
                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements')
              }

              obj.heads.push(reader.bytes())
              break
            }
            case 3: {
              if (opts.limits?.trims != null && obj.trims.length === opts.limits.trims) {
                throw new MaxLengthError('Decode error - repeated field "trims" had too many elements')
              }

              obj.trims.push(reader.bytes())
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
          heads: 0,
          trims: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.channel`,
                value: reader.string()
              }
              break
            }
            case 2: {
              if (opts.limits?.heads != null && obj.heads === opts.limits.heads) {
                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements')
              }

              yield {
                field: `${prefix}.heads[]`,
                index: obj.heads,
                value: reader.bytes()
              }

              obj.heads++

              break
            }
            case 3: {
              if (opts.limits?.trims != null && obj.trims === opts.limits.trims) {
                throw new MaxLengthError('Streaming decode error - repeated field "trims" had too many elements')
              }

              yield {
                field: `${prefix}.trims[]`,
                index: obj.trims,
                value: reader.bytes()
              }

              obj.trims++

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

  export interface HeadsChannelFieldEvent {
    field: '$.channel'
    value: string
  }

  export interface HeadsHeadsFieldEvent {
    field: '$.heads[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface HeadsTrimsFieldEvent {
    field: '$.trims[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Heads>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Heads.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Heads>): Heads {
    return decodeMessage(buf, Heads.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Heads>): Generator<HeadsChannelFieldEvent | HeadsHeadsFieldEvent | HeadsTrimsFieldEvent> {
    return streamMessage(buf, Heads.codec(), opts)
  }
}

export interface Have {
  ranges: HaveRange[]
}

export namespace Have {
  let _codec: Codec<Have>

  export const codec = (): Codec<Have> => {
    if (_codec == null) {
      _codec = message<Have>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.ranges != null && obj.ranges.length > 0) {
          for (const value of obj.ranges) {
            w.uint32(10)
            HaveRange.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          ranges: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.ranges != null && obj.ranges.length === opts.limits.ranges) {
                throw new MaxLengthError('Decode error - repeated field "ranges" had too many elements')
              }

              obj.ranges.push(HaveRange.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ranges$
              }))
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
          ranges: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.ranges != null && obj.ranges === opts.limits.ranges) {
                throw new MaxLengthError('Streaming decode error - repeated field "ranges" had too many elements')
              }

              for (const evt of HaveRange.codec().stream(reader, reader.uint32(), `${prefix}.ranges[]`, {
                limits: opts.limits?.ranges$
              })) {
                yield {
                  ...evt,
                  index: obj.ranges
                }
              }

              obj.ranges++

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

  export interface HaveRangesLogPublisherFieldEvent {
    field: '$.ranges[].log.publisher'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface HaveRangesLogIncarnationFieldEvent {
    field: '$.ranges[].log.incarnation'
    value: number
    index: number
  }

  export interface HaveRangesLogIncarnationRandomFieldEvent {
    field: '$.ranges[].log.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface HaveRangesLogChannelFieldEvent {
    field: '$.ranges[].log.channel'
    value: string
    index: number
  }

  export interface HaveRangesFromFieldEvent {
    field: '$.ranges[].from'
    value: number
    index: number
  }

  export interface HaveRangesToFieldEvent {
    field: '$.ranges[].to'
    value: number
    index: number
  }

  export interface HaveRangesHeadFieldEvent {
    field: '$.ranges[].head'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export function encode (obj: Partial<Have>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Have.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Have>): Have {
    return decodeMessage(buf, Have.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Have>): Generator<HaveRangesLogPublisherFieldEvent | HaveRangesLogIncarnationFieldEvent | HaveRangesLogIncarnationRandomFieldEvent | HaveRangesLogChannelFieldEvent | HaveRangesFromFieldEvent | HaveRangesToFieldEvent | HaveRangesHeadFieldEvent> {
    return streamMessage(buf, Have.codec(), opts)
  }
}

export interface HaveRange {
  log?: LogRef
  from: number
  to: number
  head: Uint8Array<ArrayBuffer>
}

export namespace HaveRange {
  let _codec: Codec<HaveRange>

  export const codec = (): Codec<HaveRange> => {
    if (_codec == null) {
      _codec = message<HaveRange>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.log != null) {
          w.uint32(10)
          LogRef.codec().encode(obj.log, w)
        }

        if ((obj.from != null && obj.from !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.from)
        }

        if ((obj.to != null && obj.to !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.to)
        }

        if ((obj.head != null && obj.head.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.head)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: 0,
          to: 0,
          head: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.log = LogRef.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.log
              })
              break
            }
            case 2: {
              obj.from = reader.uint64Number()
              break
            }
            case 3: {
              obj.to = reader.uint64Number()
              break
            }
            case 4: {
              obj.head = reader.bytes()
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
              yield * LogRef.codec().stream(reader, reader.uint32(), `${prefix}.log`, {
                limits: opts.limits?.log
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.from`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.to`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.head`,
                value: reader.bytes()
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

  export interface HaveRangeLogPublisherFieldEvent {
    field: '$.log.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HaveRangeLogIncarnationFieldEvent {
    field: '$.log.incarnation'
    value: number
  }

  export interface HaveRangeLogIncarnationRandomFieldEvent {
    field: '$.log.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HaveRangeLogChannelFieldEvent {
    field: '$.log.channel'
    value: string
  }

  export interface HaveRangeFromFieldEvent {
    field: '$.from'
    value: number
  }

  export interface HaveRangeToFieldEvent {
    field: '$.to'
    value: number
  }

  export interface HaveRangeHeadFieldEvent {
    field: '$.head'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<HaveRange>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HaveRange.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HaveRange>): HaveRange {
    return decodeMessage(buf, HaveRange.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HaveRange>): Generator<HaveRangeLogPublisherFieldEvent | HaveRangeLogIncarnationFieldEvent | HaveRangeLogIncarnationRandomFieldEvent | HaveRangeLogChannelFieldEvent | HaveRangeFromFieldEvent | HaveRangeToFieldEvent | HaveRangeHeadFieldEvent> {
    return streamMessage(buf, HaveRange.codec(), opts)
  }
}

export interface Want {
  id: number
  log?: LogRef
  from: number
  to: number
  credit: number
  since: number
  skip: Uint8Array<ArrayBuffer>
}

export namespace Want {
  let _codec: Codec<Want>

  export const codec = (): Codec<Want> => {
    if (_codec == null) {
      _codec = message<Want>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if (obj.log != null) {
          w.uint32(18)
          LogRef.codec().encode(obj.log, w)
        }

        if ((obj.from != null && obj.from !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.from)
        }

        if ((obj.to != null && obj.to !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.to)
        }

        if ((obj.credit != null && obj.credit !== 0)) {
          w.uint32(40)
          w.uint32(obj.credit)
        }

        if ((obj.since != null && obj.since !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.since)
        }

        if ((obj.skip != null && obj.skip.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.skip)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          from: 0,
          to: 0,
          credit: 0,
          since: 0,
          skip: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.log = LogRef.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.log
              })
              break
            }
            case 3: {
              obj.from = reader.uint64Number()
              break
            }
            case 4: {
              obj.to = reader.uint64Number()
              break
            }
            case 5: {
              obj.credit = reader.uint32()
              break
            }
            case 6: {
              obj.since = reader.uint64Number()
              break
            }
            case 7: {
              obj.skip = reader.bytes()
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
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield * LogRef.codec().stream(reader, reader.uint32(), `${prefix}.log`, {
                limits: opts.limits?.log
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.from`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.to`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.credit`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.since`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.skip`,
                value: reader.bytes()
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

  export interface WantIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface WantLogPublisherFieldEvent {
    field: '$.log.publisher'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WantLogIncarnationFieldEvent {
    field: '$.log.incarnation'
    value: number
  }

  export interface WantLogIncarnationRandomFieldEvent {
    field: '$.log.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WantLogChannelFieldEvent {
    field: '$.log.channel'
    value: string
  }

  export interface WantFromFieldEvent {
    field: '$.from'
    value: number
  }

  export interface WantToFieldEvent {
    field: '$.to'
    value: number
  }

  export interface WantCreditFieldEvent {
    field: '$.credit'
    value: number
  }

  export interface WantSinceFieldEvent {
    field: '$.since'
    value: number
  }

  export interface WantSkipFieldEvent {
    field: '$.skip'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Want>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Want.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want {
    return decodeMessage(buf, Want.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantIdFieldEvent | WantLogPublisherFieldEvent | WantLogIncarnationFieldEvent | WantLogIncarnationRandomFieldEvent | WantLogChannelFieldEvent | WantFromFieldEvent | WantToFieldEvent | WantCreditFieldEvent | WantSinceFieldEvent | WantSkipFieldEvent> {
    return streamMessage(buf, Want.codec(), opts)
  }
}

export interface Data {
  id: number
  batch: Uint8Array<ArrayBuffer>
}

export namespace Data {
  let _codec: Codec<Data>

  export const codec = (): Codec<Data> => {
    if (_codec == null) {
      _codec = message<Data>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.batch != null && obj.batch.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.batch)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          batch: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.batch = reader.bytes()
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
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.batch`,
                value: reader.bytes()
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

  export interface DataIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface DataBatchFieldEvent {
    field: '$.batch'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Data>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Data.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Data {
    return decodeMessage(buf, Data.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Generator<DataIdFieldEvent | DataBatchFieldEvent> {
    return streamMessage(buf, Data.codec(), opts)
  }
}

export interface End {
  id: number
  through: number
  missing: Uint8Array<ArrayBuffer>
  busy: boolean
  awaited?: Uint8Array<ArrayBuffer>
}

export namespace End {
  let _codec: Codec<End>

  export const codec = (): Codec<End> => {
    if (_codec == null) {
      _codec = message<End>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.through != null && obj.through !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.through)
        }

        if ((obj.missing != null && obj.missing.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.missing)
        }

        if ((obj.busy != null && obj.busy !== false)) {
          w.uint32(32)
          w.bool(obj.busy)
        }

        if (obj.awaited != null) {
          w.uint32(42)
          w.bytes(obj.awaited)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          through: 0,
          missing: uint8ArrayAlloc(0),
          busy: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.through = reader.uint64Number()
              break
            }
            case 3: {
              obj.missing = reader.bytes()
              break
            }
            case 4: {
              obj.busy = reader.bool()
              break
            }
            case 5: {
              obj.awaited = reader.bytes()
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
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.through`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.missing`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.busy`,
                value: reader.bool()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.awaited`,
                value: reader.bytes()
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

  export interface EndIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface EndThroughFieldEvent {
    field: '$.through'
    value: number
  }

  export interface EndMissingFieldEvent {
    field: '$.missing'
    value: Uint8Array<ArrayBuffer>
  }

  export interface EndBusyFieldEvent {
    field: '$.busy'
    value: boolean
  }

  export interface EndAwaitedFieldEvent {
    field: '$.awaited'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<End>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, End.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): End {
    return decodeMessage(buf, End.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): Generator<EndIdFieldEvent | EndThroughFieldEvent | EndMissingFieldEvent | EndBusyFieldEvent | EndAwaitedFieldEvent> {
    return streamMessage(buf, End.codec(), opts)
  }
}

export interface Receipts {
  signed: Uint8Array<ArrayBuffer>[]
}

export namespace Receipts {
  let _codec: Codec<Receipts>

  export const codec = (): Codec<Receipts> => {
    if (_codec == null) {
      _codec = message<Receipts>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.signed != null && obj.signed.length > 0) {
          for (const value of obj.signed) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          signed: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.signed != null && obj.signed.length === opts.limits.signed) {
                throw new MaxLengthError('Decode error - repeated field "signed" had too many elements')
              }

              obj.signed.push(reader.bytes())
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
          signed: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.signed != null && obj.signed === opts.limits.signed) {
                throw new MaxLengthError('Streaming decode error - repeated field "signed" had too many elements')
              }

              yield {
                field: `${prefix}.signed[]`,
                index: obj.signed,
                value: reader.bytes()
              }

              obj.signed++

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

  export interface ReceiptsSignedFieldEvent {
    field: '$.signed[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Receipts>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Receipts.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipts>): Receipts {
    return decodeMessage(buf, Receipts.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipts>): Generator<ReceiptsSignedFieldEvent> {
    return streamMessage(buf, Receipts.codec(), opts)
  }
}

export interface Credit {
  id: number
  bytes: number
}

export namespace Credit {
  let _codec: Codec<Credit>

  export const codec = (): Codec<Credit> => {
    if (_codec == null) {
      _codec = message<Credit>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(16)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.bytes = reader.uint32()
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
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint32()
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

  export interface CreditIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface CreditBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Credit>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Credit.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Credit {
    return decodeMessage(buf, Credit.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Generator<CreditIdFieldEvent | CreditBytesFieldEvent> {
    return streamMessage(buf, Credit.codec(), opts)
  }
}

export interface ForkProofs {
  proofs: Uint8Array<ArrayBuffer>[]
}

export namespace ForkProofs {
  let _codec: Codec<ForkProofs>

  export const codec = (): Codec<ForkProofs> => {
    if (_codec == null) {
      _codec = message<ForkProofs>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.proofs != null && obj.proofs.length > 0) {
          for (const value of obj.proofs) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          proofs: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.proofs != null && obj.proofs.length === opts.limits.proofs) {
                throw new MaxLengthError('Decode error - repeated field "proofs" had too many elements')
              }

              obj.proofs.push(reader.bytes())
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
          proofs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.proofs != null && obj.proofs === opts.limits.proofs) {
                throw new MaxLengthError('Streaming decode error - repeated field "proofs" had too many elements')
              }

              yield {
                field: `${prefix}.proofs[]`,
                index: obj.proofs,
                value: reader.bytes()
              }

              obj.proofs++

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

  export interface ForkProofsProofsFieldEvent {
    field: '$.proofs[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ForkProofs>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ForkProofs.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ForkProofs>): ForkProofs {
    return decodeMessage(buf, ForkProofs.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ForkProofs>): Generator<ForkProofsProofsFieldEvent> {
    return streamMessage(buf, ForkProofs.codec(), opts)
  }
}

export interface ForkProof {
  first: Uint8Array<ArrayBuffer>
  second: Uint8Array<ArrayBuffer>
}

export namespace ForkProof {
  let _codec: Codec<ForkProof>

  export const codec = (): Codec<ForkProof> => {
    if (_codec == null) {
      _codec = message<ForkProof>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.first != null && obj.first.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.first)
        }

        if ((obj.second != null && obj.second.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.second)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          first: uint8ArrayAlloc(0),
          second: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.first = reader.bytes()
              break
            }
            case 2: {
              obj.second = reader.bytes()
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
                field: `${prefix}.first`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.second`,
                value: reader.bytes()
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

  export interface ForkProofFirstFieldEvent {
    field: '$.first'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ForkProofSecondFieldEvent {
    field: '$.second'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ForkProof>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ForkProof.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ForkProof>): ForkProof {
    return decodeMessage(buf, ForkProof.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ForkProof>): Generator<ForkProofFirstFieldEvent | ForkProofSecondFieldEvent> {
    return streamMessage(buf, ForkProof.codec(), opts)
  }
}

export interface LogRow {
  number: number
  held: Uint8Array<ArrayBuffer>
  bytes: number
  records: number
  head: Uint8Array<ArrayBuffer>
  trim: Uint8Array<ArrayBuffer>
  dropped: number
  firstAt: number
  link?: Link
  linkKnown: boolean
  headPosition: number
  trimmed: number
  evicted: boolean
  headHash: Uint8Array<ArrayBuffer>
  letGo: number
}

export namespace LogRow {
  let _codec: Codec<LogRow>

  export const codec = (): Codec<LogRow> => {
    if (_codec == null) {
      _codec = message<LogRow>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.number != null && obj.number !== 0)) {
          w.uint32(8)
          w.uint32(obj.number)
        }

        if ((obj.held != null && obj.held.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.held)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.bytes)
        }

        if ((obj.records != null && obj.records !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.records)
        }

        if ((obj.head != null && obj.head.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.head)
        }

        if ((obj.trim != null && obj.trim.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.trim)
        }

        if ((obj.dropped != null && obj.dropped !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.dropped)
        }

        if ((obj.firstAt != null && obj.firstAt !== 0)) {
          w.uint32(64)
          w.uint64Number(obj.firstAt)
        }

        if (obj.link != null) {
          w.uint32(74)
          Link.codec().encode(obj.link, w)
        }

        if ((obj.linkKnown != null && obj.linkKnown !== false)) {
          w.uint32(80)
          w.bool(obj.linkKnown)
        }

        if ((obj.headPosition != null && obj.headPosition !== 0)) {
          w.uint32(88)
          w.uint64Number(obj.headPosition)
        }

        if ((obj.trimmed != null && obj.trimmed !== 0)) {
          w.uint32(96)
          w.uint64Number(obj.trimmed)
        }

        if ((obj.evicted != null && obj.evicted !== false)) {
          w.uint32(104)
          w.bool(obj.evicted)
        }

        if ((obj.headHash != null && obj.headHash.byteLength > 0)) {
          w.uint32(114)
          w.bytes(obj.headHash)
        }

        if ((obj.letGo != null && obj.letGo !== 0)) {
          w.uint32(120)
          w.uint64Number(obj.letGo)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          number: 0,
          held: uint8ArrayAlloc(0),
          bytes: 0,
          records: 0,
          head: uint8ArrayAlloc(0),
          trim: uint8ArrayAlloc(0),
          dropped: 0,
          firstAt: 0,
          linkKnown: false,
          headPosition: 0,
          trimmed: 0,
          evicted: false,
          headHash: uint8ArrayAlloc(0),
          letGo: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.number = reader.uint32()
              break
            }
            case 2: {
              obj.held = reader.bytes()
              break
            }
            case 3: {
              obj.bytes = reader.uint64Number()
              break
            }
            case 4: {
              obj.records = reader.uint64Number()
              break
            }
            case 5: {
              obj.head = reader.bytes()
              break
            }
            case 6: {
              obj.trim = reader.bytes()
              break
            }
            case 7: {
              obj.dropped = reader.uint64Number()
              break
            }
            case 8: {
              obj.firstAt = reader.uint64Number()
              break
            }
            case 9: {
              obj.link = Link.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.link
              })
              break
            }
            case 10: {
              obj.linkKnown = reader.bool()
              break
            }
            case 11: {
              obj.headPosition = reader.uint64Number()
              break
            }
            case 12: {
              obj.trimmed = reader.uint64Number()
              break
            }
            case 13: {
              obj.evicted = reader.bool()
              break
            }
            case 14: {
              obj.headHash = reader.bytes()
              break
            }
            case 15: {
              obj.letGo = reader.uint64Number()
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
                field: `${prefix}.number`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.held`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.records`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.head`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.trim`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.dropped`,
                value: reader.uint64Number()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.firstAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 9: {
              yield * Link.codec().stream(reader, reader.uint32(), `${prefix}.link`, {
                limits: opts.limits?.link
              })

              break
            }
            case 10: {
              yield {
                field: `${prefix}.linkKnown`,
                value: reader.bool()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.headPosition`,
                value: reader.uint64Number()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.trimmed`,
                value: reader.uint64Number()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.evicted`,
                value: reader.bool()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.headHash`,
                value: reader.bytes()
              }
              break
            }
            case 15: {
              yield {
                field: `${prefix}.letGo`,
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

  export interface LogRowNumberFieldEvent {
    field: '$.number'
    value: number
  }

  export interface LogRowHeldFieldEvent {
    field: '$.held'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export interface LogRowRecordsFieldEvent {
    field: '$.records'
    value: number
  }

  export interface LogRowHeadFieldEvent {
    field: '$.head'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowTrimFieldEvent {
    field: '$.trim'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowDroppedFieldEvent {
    field: '$.dropped'
    value: number
  }

  export interface LogRowFirstAtFieldEvent {
    field: '$.firstAt'
    value: number
  }

  export interface LogRowLinkIncarnationFieldEvent {
    field: '$.link.incarnation'
    value: number
  }

  export interface LogRowLinkIncarnationRandomFieldEvent {
    field: '$.link.incarnationRandom'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowLinkPositionFieldEvent {
    field: '$.link.position'
    value: number
  }

  export interface LogRowLinkHashFieldEvent {
    field: '$.link.hash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowLinkKnownFieldEvent {
    field: '$.linkKnown'
    value: boolean
  }

  export interface LogRowHeadPositionFieldEvent {
    field: '$.headPosition'
    value: number
  }

  export interface LogRowTrimmedFieldEvent {
    field: '$.trimmed'
    value: number
  }

  export interface LogRowEvictedFieldEvent {
    field: '$.evicted'
    value: boolean
  }

  export interface LogRowHeadHashFieldEvent {
    field: '$.headHash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LogRowLetGoFieldEvent {
    field: '$.letGo'
    value: number
  }

  export function encode (obj: Partial<LogRow>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, LogRow.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogRow>): LogRow {
    return decodeMessage(buf, LogRow.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogRow>): Generator<LogRowNumberFieldEvent | LogRowHeldFieldEvent | LogRowBytesFieldEvent | LogRowRecordsFieldEvent | LogRowHeadFieldEvent | LogRowTrimFieldEvent | LogRowDroppedFieldEvent | LogRowFirstAtFieldEvent | LogRowLinkIncarnationFieldEvent | LogRowLinkIncarnationRandomFieldEvent | LogRowLinkPositionFieldEvent | LogRowLinkHashFieldEvent | LogRowLinkKnownFieldEvent | LogRowHeadPositionFieldEvent | LogRowTrimmedFieldEvent | LogRowEvictedFieldEvent | LogRowHeadHashFieldEvent | LogRowLetGoFieldEvent> {
    return streamMessage(buf, LogRow.codec(), opts)
  }
}
