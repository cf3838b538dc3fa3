/** Completion scripts, made from what the commands say of themselves. */
import type { Command, FlagSpec } from './command.js'

export function completionScript (shell: 'bash' | 'zsh' | 'fish', commands: readonly Command[]): string {
  if (shell === 'bash') return bash(commands)
  return shell === 'zsh' ? zsh(commands) : fish(commands)
}

const words = (flags: readonly FlagSpec[]): string[] => flags.flatMap(({ name, short, negatable }) => [
  `--${name}`,
  ...(negatable === true ? [`--no-${name}`] : []),
  ...(short === undefined ? [] : [`-${short}`])
])

const heads = (commands: readonly Command[]): string[] => Array.from(new Set(commands.map(({ name }) => first(name))))

const first = (name: string): string => name.split(' ')[0] ?? ''

function tails (commands: readonly Command[], head: string): string[] {
  return commands.flatMap(({ name }) => name.startsWith(`${head} `) ? [name.slice(head.length + 1)] : [])
}

function choices (commands: readonly Command[]): Array<readonly [flag: string, values: readonly string[]]> {
  const all = commands.flatMap(({ flags }) => flags).flatMap((flag) => flag.choices === undefined ? [] : [[`--${flag.name}`, flag.choices] as const])
  return Array.from(new Map(all))
}

function bash (commands: readonly Command[]): string {
  const groups = heads(commands).filter((head) => tails(commands, head).length > 0)
  return `# bash completion of skein
_skein () {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=( $(compgen -W '${[...heads(commands), '--help', '--version'].join(' ')}' -- "$cur") )
    return
  fi
  case "$prev" in
    --data) COMPREPLY=( $(compgen -d -- "$cur") ); return ;;
    --config|--file|-f) COMPREPLY=( $(compgen -f -- "$cur") ); return ;;
${choices(commands).map(([flag, values]) => `    ${flag}) COMPREPLY=( $(compgen -W '${values.join(' ')}' -- "$cur") ); return ;;`).join('\n')}
  esac
  case "$command" in
    ${groups.join('|')})
      if (( COMP_CWORD == 2 )); then
        case "$command" in
${groups.map((head) => `          ${head}) COMPREPLY=( $(compgen -W '${tails(commands, head).join(' ')}' -- "$cur") ) ;;`).join('\n')}
        esac
        return
      fi
      command="$command \${COMP_WORDS[2]}" ;;
  esac
  case "$command" in
${commands.map(({ name, flags }) => `    '${name}') COMPREPLY=( $(compgen -W '${words(flags).join(' ')}' -- "$cur") ) ;;`).join('\n')}
  esac
}
complete -o default -F _skein skein
`
}

function zsh (commands: readonly Command[]): string {
  const groups = heads(commands).filter((head) => tails(commands, head).length > 0)
  const describe = (list: ReadonlyArray<readonly [string, string]>): string => list.map(([name, text]) => `'${name}:${quote(text).replaceAll(':', '\\:')}'`).join(' ')
  const argument = ({ name, short, value, summary, repeatable, choices: values }: FlagSpec): string => {
    const action = values !== undefined ? `(${values.join(' ')})` : value === 'DIR' ? '_files -/' : value === 'FILE' ? '_files' : ' '
    const text = `[${quote(summary).replace(/[[\]]/g, '\\$&').replaceAll(':', '\\:')}]${value === undefined ? '' : `:${value}:${action}`}`
    const star = repeatable === true ? '*' : ''
    return [`'${star}--${name}${text}'`, ...(short === undefined ? [] : [`'${star}-${short}${text}'`])].join(' ')
  }
  return `#compdef skein
# zsh completion of skein
_skein () {
  local command=$words[2]
  if (( CURRENT == 2 )); then
    local -a commands=(${describe(heads(commands).map((head) => [head, commands.find(({ name }) => first(name) === head)?.summary ?? ''] as const))})
    _describe command commands
    return
  fi
  case "$command" in
${groups.map((head) => `    ${head})
      if (( CURRENT == 3 )); then
        local -a actions=(${describe(commands.filter(({ name }) => first(name) === head).map(({ name, summary }) => [name.slice(head.length + 1), summary] as const))})
        _describe action actions
        return
      fi
      command="$command $words[3]" ;;`).join('\n')}
  esac
  case "$command" in
${commands.map(({ name, flags }) => `    '${name}') _arguments -s ${flags.map(argument).join(' ')} '*: :_files' ;;`).join('\n')}
  esac
}
compdef _skein skein
`
}

function fish (commands: readonly Command[]): string {
  const lines = ['# fish completion of skein', 'complete -c skein -f']
  for (const head of heads(commands)) {
    const inGroup = commands.filter(({ name }) => first(name) === head)
    lines.push(`complete -c skein -n __fish_use_subcommand -a ${head} -d '${quote(inGroup[0]?.summary ?? '')}'`)
    const actions = tails(commands, head)
    for (const { name, summary, flags } of inGroup) {
      const action = name.slice(head.length + 1)
      if (action !== '') {
        lines.push(`complete -c skein -n '__fish_seen_subcommand_from ${head}; and not __fish_seen_subcommand_from ${actions.join(' ')}' -a ${action} -d '${quote(summary)}'`)
      }
      const condition = `__fish_seen_subcommand_from ${head}${action === '' ? '' : `; and __fish_seen_subcommand_from ${action}`}`
      for (const flag of flags) {
        const value = flag.value === undefined ? '' : flag.choices !== undefined ? ` -x -a '${flag.choices.join(' ')}'` : ' -r -F'
        lines.push(`complete -c skein -n '${condition}' -l ${flag.name}${flag.short === undefined ? '' : ` -s ${flag.short}`}${value} -d '${quote(flag.summary)}'`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}

/** Text within single quotes, for all three. */
const quote = (text: string): string => text.replaceAll("'", '’')
