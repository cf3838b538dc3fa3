import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/base/errors.js'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const pages = ['CHANGELOG.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md')).map(name => `docs/${name.replaceAll('\\', '/')}`)]

test('there are pages to look at', () => { expect(pages.length).toBeGreaterThan(15) })

test.each(pages)('%s names no file and no error code that is not there', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const paths = [...text.matchAll(/`((?:test|src|examples|bench)\/[\w./-]+)`/g)].map(([, path = '']) => path)
  expect(paths.filter(path => !existsSync(join(ROOT, path)))).toEqual([])
  expect([...text.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code).filter(code => !Object.hasOwn(ERRORS, code))).toEqual([])
})

test('the index has every page', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8')
  const missing = pages.map(page => page.replace(/^docs\//, '')).filter(page => page !== 'README.md' && !index.includes(`(${page})`) && !index.includes(`(../${page})`))
  expect(missing).toEqual([])
})
