/** `skein completion`: what a shell needs to complete commands and flags. */
import { SkeinError } from '../../base/errors.js'
import { didYouMeanHint } from '../../daemon/did-you-mean.js'
import type { Command } from '../command.js'
import { HELP_FLAG } from '../flags.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const command: Command = {
  name: 'completion',
  summary: 'Print the completion script for a shell.',
  args: [{ name: SHELLS.join('|') }],
  flags: [HELP_FLAG],
  examples: [
    ['source <(skein completion bash)', 'For this bash; in ~/.bashrc for every one.'],
    ['skein completion zsh > "${fpath[1]}/_skein"', 'For zsh.'],
    ['skein completion fish > ~/.config/fish/completions/skein.fish', 'For fish.']
  ],
  run: async ({ args: [name = ''] }, context) => {
    const shell = SHELLS.find((candidate) => candidate === name)
    if (shell === undefined) {
      throw new SkeinError('ERR_USAGE', `no completion for '${name}'`, { hint: didYouMeanHint(name, SHELLS, `Use one of ${SHELLS.join(', ')}.`) ?? '' })
    }
    const [{ COMMANDS }, { completionScript }] = await Promise.all([import('../commands.js'), import('../completion.js')])
    const commands = await Promise.all(Object.values(COMMANDS).map(async (load) => load()))
    await context.out.write(completionScript(shell, commands))
    return 0
  }
}
