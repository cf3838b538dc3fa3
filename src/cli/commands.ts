/** The commands, loaded one by one: a command that is not run costs nothing. */
import type { Command } from './command.js'

type Load = () => Promise<Command>

export const COMMANDS: Readonly<Record<string, Load>> = {
  daemon: async () => (await import('./commands/daemon.js')).command,
  pub: async () => (await import('./commands/pub.js')).command,
  sub: async () => (await import('./commands/sub.js')).command,
  status: async () => (await import('./commands/status.js')).command,
  'peer ls': async () => (await import('./commands/peer-ls.js')).command,
  'outbox ls': async () => (await import('./commands/outbox-ls.js')).command,
  'inbox ls': async () => (await import('./commands/inbox-ls.js')).command,
  'subscription ls': async () => (await import('./commands/subscription-ls.js')).command,
  'subscription rm': async () => (await import('./commands/subscription-rm.js')).command,
  'dead ls': async () => (await import('./commands/dead-ls.js')).command,
  'dead show': async () => (await import('./commands/dead-show.js')).command,
  'dead redrive': async () => (await import('./commands/dead-redrive.js')).command,
  'quarantine ls': async () => (await import('./commands/quarantine-ls.js')).command,
  'quarantine lift': async () => (await import('./commands/quarantine-lift.js')).command,
  'id show': async () => (await import('./commands/id-show.js')).command,
  'config check': async () => (await import('./commands/config-check.js')).command,
  'config show': async () => (await import('./commands/config-show.js')).command,
  completion: async () => (await import('./commands/completion.js')).command
}
