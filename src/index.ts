/**
 * Skein: message-oriented middleware without a broker.
 *
 * @packageDocumentation
 */
export { createNode } from './node/create-node.js'
export type * from './node/api.js'
export { SkeinError, isSkeinError, ERRORS } from './base/errors.js'
export type { ErrorCode } from './base/errors.js'
export type { Logger } from './base/logger.js'
