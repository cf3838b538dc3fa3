import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fragments, relativeLinks } from './markdown.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function markdownFiles (path: string): string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true }).flatMap(entry => {
    if (entry.name === 'node_modules') return []
    if (entry.isDirectory()) return markdownFiles(join(path, entry.name))
    return entry.name.endsWith('.md') ? [join(path, entry.name)] : []
  })
}

/** Links of a page that lead nowhere. */
export function deadLinks (file: string): string[] {
  return relativeLinks(readFileSync(file, 'utf8')).filter(target => {
    const [path = '', fragment = ''] = target.split('#')
    const there = path === '' ? file : join(dirname(file), decodeURIComponent(path))
    if (!existsSync(there)) return true
    return fragment !== '' && there.endsWith('.md') && !fragments(readFileSync(there, 'utf8')).has(decodeURIComponent(fragment))
  })
}

describe('links of the documentation', () => {
  const files = ['README.md', 'CHANGELOG.md', 'docs', 'examples', 'bench'].flatMap(name => markdownFiles(join(ROOT, name)))

  test('there are pages to look at', () => {
    expect(files.map(file => relative(ROOT, file))).toEqual(expect.arrayContaining(['README.md', join('examples', 'README.md')]))
  })

  test.each(files.map(file => relative(ROOT, file)))('%s has no dead relative link', name => {
    expect(deadLinks(join(ROOT, name))).toEqual([])
  })
})

describe('reading Markdown', () => {
  test('finds links outside code, and fragments as GitHub makes them', () => {
    expect(relativeLinks('[a](b.md) ![c](d.png "t") `[no](no.md)` [e](https://x.test) [f](#g)\n```\n[no](no.md)\n```\n[h]: i.md\n[`j`](k.md)')).toEqual(['b.md', 'd.png', '#g', 'k.md', 'i.md'])
    expect([...fragments('# A `B` c, d!\n## A\n## A\n```\n# no\n```\n<a id="x"></a>')]).toEqual(['a-b-c-d', 'a', 'a-1', 'x'])
  })
})
