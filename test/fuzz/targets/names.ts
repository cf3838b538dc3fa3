/** Texts that people and peers name things by. */
import { utf8Length } from '../../../src/base/bytes.js'
import { SkeinError, type ErrorCode } from '../../../src/base/errors.js'
import { formatLevel, parseLevel } from '../../../src/daemon/level.js'
import { didYouMean } from '../../../src/daemon/did-you-mean.js'
import { formatBytes, formatDuration, parseBytes, parseDuration, parseWait } from '../../../src/daemon/duration.js'
import { formatDeadId, parseDeadId } from '../../../src/inbox/dead-letters.js'
import { checkFilters, FilterSet, filterFault } from '../../../src/message/filter.js'
import { formatMessageId, parseMessageId } from '../../../src/message/ids.js'
import { peerIdFromBytes, peerIdToBytes, publicKeyOf } from '../../../src/message/peer-id.js'
import { checkName } from '../../../src/message/record.js'
import { channelOf, checkTopic, isChannel } from '../../../src/message/topic.js'
import { logRowKey } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'
import { attempt, holds, type Target } from '../target.js'
import { same, someLog, someTopic } from './samples.js'

const code = (...codes: ErrorCode[]) => (error: unknown): boolean => error instanceof SkeinError && codes.includes(error.code)
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

export const topic: Target = {
  name: 'topic', what: 'topics: ERR_BAD_TOPIC, else within the limits, of a channel, and matched by itself', shape: 'text', bytesMax: 1024,
  make: draw => bytesOf(someTopic(draw)),
  words: ['/', '#', '+', '$sys', '\u0000'],
  run (bytes) {
    const text = textOf(bytes)
    if (attempt(() => { checkTopic(text) }, code('ERR_BAD_TOPIC')) === undefined) return false
    holds(utf8Length(text) <= 256 && text.split('/').length <= 16 && text.isWellFormed(), 'a topic is over its limits')
    const channel = channelOf(text)
    holds(isChannel(channel), 'its first level is no channel')
    holds(filterFault(text) === undefined && new FilterSet([text]).matches(text) && new FilterSet(['#']).matches(text) && new FilterSet([`${channel}/#`]).matches(text), 'it is not matched by itself')
    holds(logRowKey({ publisher: peerOf(1), incarnation: { number: 1, random: '00'.repeat(8) }, channel }).length <= 384, 'its log has no key')
    return true
  }
}

export const filter: Target = {
  name: 'filter', what: 'topic filters: ERR_BAD_FILTER, else they match without an error, and take in the channels they say', shape: 'text', bytesMax: 1024,
  make: draw => bytesOf(someTopic(draw).split('/').map(level => draw.chance(0.2) ? '+' : level).join('/') + (draw.chance(0.3) ? '/#' : '')),
  words: ['/#', '/+', '+', '#', '/'],
  run (bytes) {
    const text = textOf(bytes)
    const list = text.split('\n')
    const checked = attempt(() => checkFilters(list), code('ERR_BAD_FILTER'))
    if (checked === undefined) return false
    const set = new FilterSet(checked.value)
    holds(checked.value.length <= 64, 'there are too many')
    for (const each of checked.value) {
      const one = each.replace(/\+/g, 'x').replace(/(^|\/)#$/, '')
      if (one === '') continue
      holds(set.matches(one), 'a topic that it was made for does not match')
      holds(set.matchesChannel(channelOf(one)), 'a topic matches of a channel that is not taken in')
    }
    holds(set.everyChannel || set.channels.length > 0, 'it takes in no channel')
    return true
  }
}

export const messageId: Target = {
  name: 'message-id', what: 'message ids: ERR_BAD_MESSAGE_ID, else there is one form only', shape: 'text', bytesMax: 4096,
  make: draw => bytesOf(formatMessageId(someLog(draw), 1 + draw.whole(2 ** 53 - 2))),
  words: ['.', '-', peerOf(1), '9007199254740993', '0000000000000000', '1e3'],
  run (bytes) {
    const text = textOf(bytes)
    const parsed = attempt(() => parseMessageId(text), code('ERR_BAD_MESSAGE_ID'))
    if (parsed === undefined) return false
    holds(formatMessageId(parsed.value.log, parsed.value.position) === text, 'it has another form')
    holds(logRowKey(parsed.value.log).length <= 384, 'its log has no key')
    return true
  },
  fussy: true
}

export const peerId: Target = {
  name: 'peer-id', what: 'peer ids as text and as bytes: undefined, else one form of each', shape: 'text', share: 50, bytesMax: 256,
  make: draw => draw.chance(0.5) ? bytesOf(peerOf(draw.int(256))) : Uint8Array.from(peerIdToBytes(peerOf(draw.int(256))) as Uint8Array),
  run (bytes) {
    const named = peerIdFromBytes(bytes)
    if (named !== undefined) holds(same(peerIdToBytes(named) as Uint8Array, bytes) && publicKeyOf(named)?.length === 32, 'the text is of another peer')
    const text = textOf(bytes)
    const found = peerIdToBytes(text)
    if (found !== undefined) holds(peerIdFromBytes(found) === text, 'there is another text of it')
    return named !== undefined || found !== undefined
  }
}

export const deadId: Target = {
  name: 'dead-id', what: 'handles of dead letters: ERR_NOT_FOUND, else one form only', shape: 'text', share: 30, bytesMax: 512,
  make: draw => bytesOf(formatDeadId(draw.text(8, 1), 1 + draw.whole(2 ** 53 - 2))),
  run (bytes) {
    const text = textOf(bytes)
    const parsed = attempt(() => parseDeadId(text), code('ERR_NOT_FOUND'))
    if (parsed === undefined) return false
    holds(formatDeadId(parsed.value.name, parsed.value.sequence) === text && Number.isSafeInteger(parsed.value.sequence), 'it has another form')
    return true
  }
}

export const words: Target = {
  name: 'words', what: 'levels, durations, sizes and names as people type them: their code, else what is read is within bounds', shape: 'text', share: 50, bytesMax: 2048,
  make: draw => bytesOf(draw.pick(['local', 'stored:2', `stored:${peerOf(2)}`, `processed:${draw.text(8, 1)}`, `${draw.int(1000)}ms`, '1.5h', '7d', '64KiB', '1 GiB', '12', draw.text(20, 1)])),
  words: ['stored:', 'processed:', 'KiB', 'TiB', 'ms', 'd', '.', '99999999999999999999'],
  run (bytes) {
    const text = textOf(bytes)
    const level = attempt(() => parseLevel(text), code('ERR_USAGE'))
    if (level !== undefined) holds(JSON.stringify(parseLevel(formatLevel(level.value))) === JSON.stringify(level.value), 'a level reads differently a second time')
    const duration = attempt(() => parseDuration(text, 'x'), code('ERR_BAD_ARGUMENT'))
    if (duration !== undefined) holds(duration.value >= 0 && formatDuration(duration.value).length < 64, 'a duration is out of range')
    const wait = attempt(() => parseWait(text, 'x'), code('ERR_BAD_ARGUMENT'))
    if (wait !== undefined) holds(wait.value < 2 ** 31, 'a wait is too long for a timer')
    const size = attempt(() => parseBytes(text, 'x'), code('ERR_BAD_ARGUMENT'))
    if (size !== undefined) holds(size.value >= 0 && Number.isSafeInteger(size.value) && formatBytes(size.value).length < 64, 'a size is out of range')
    const named = attempt(() => { checkName('x', text) }, code('ERR_BAD_ARGUMENT'))
    if (named !== undefined) holds(text !== '' && utf8Length(text) <= 128, 'a name is over its limit')
    didYouMean(text, ['listen', 'bootstrap', 'messageBytesMax'])
    return [level, duration, size, named].some(each => each !== undefined)
  },
  fussy: true
}
