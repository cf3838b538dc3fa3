/** What the rooms may say to an operator. The shape is pino's, so that a pino logger can be handed in as it is. */
export interface Logger {
  debug (fields: object, message: string): void
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
  error (fields: object, message: string): void
}

const nothing = (): void => {}

/** The default of an embedded node: it says nothing; events and errors tell the application. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
