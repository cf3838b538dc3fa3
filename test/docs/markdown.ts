/** What the documentation's tests need to know about a Markdown file. */

export interface CodeBlock {
  readonly language: string
  readonly code: string
  /** The ```text block right after it: what it prints. */
  readonly output: string | undefined
  readonly line: number
  /** The nearest heading above. */
  readonly heading: string
}

export function codeBlocks (markdown: string): CodeBlock[] {
  const blocks: Array<{ language: string, code: string, output: string | undefined, line: number, heading: string }> = []
  let heading = ''
  let open: { language: string, lines: string[], line: number } | undefined
  for (const [i, line] of markdown.split('\n').entries()) {
    if (open !== undefined) {
      if (!line.startsWith('```')) {
        open.lines.push(line)
        continue
      }
      const code = `${open.lines.join('\n')}\n`
      const before = blocks.at(-1)
      if (open.language === 'text' && before !== undefined) before.output = code
      else blocks.push({ language: open.language, code, output: undefined, line: open.line, heading })
      open = undefined
    } else if (line.startsWith('```')) {
      open = { language: line.slice(3).trim(), lines: [], line: i + 1 }
    } else {
      heading = /^#+ (.*)/.exec(line)?.[1] ?? heading
    }
  }
  if (open !== undefined) throw new Error(`the code block of line ${open.line} does not end`)
  return blocks
}

const withoutCode = (markdown: string): string => markdown.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, match => match.replace(/[[\]()]/g, ' '))

/** Targets of links and images that are no address elsewhere. */
export function relativeLinks (markdown: string): string[] {
  const text = withoutCode(markdown)
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(match => match[1] ?? '')
  const references = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(match => match[1] ?? '')
  return [...inline, ...references].filter(target => !/^[a-z][a-z\d+.-]*:/i.test(target))
}

/** Fragments that a page's headings and anchors can be reached by, by GitHub's rules. */
export function fragments (markdown: string): Set<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of markdown.replace(/^```[^]*?^```/gm, '').matchAll(/^#{1,6} +(.*)$/gm)) {
    const base = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-')
    let name = base
    for (let n = 1; found.has(name); n++) name = `${base}-${n}`
    found.add(name)
  }
  for (const [, id = ''] of markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(id)
  return found
}
