import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/base/errors.js'

const doc = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../docs/errors.md'), 'utf8')

interface Row { readonly code: string, readonly exit: number, readonly retryable: boolean, readonly meaning: string, readonly advice: string }

const rows = doc.split('\n').flatMap((line): Row[] => {
  const cells = line.split('|').map(cell => cell.trim())
  const code = /^`(ERR_\w+)`$/.exec(cells[1] ?? '')?.[1]
  return code === undefined ? [] : [{ code, exit: Number(cells[2]), retryable: cells[3] === 'yes', meaning: cells[4] ?? '', advice: cells[5] ?? '' }]
})

test('the table of the document is the table of the code, in its order', () => {
  const fromDoc = rows.map(({ code, exit, retryable, meaning }) => ({ code, exit, retryable, meaning }))
  const fromCode = Object.entries(ERRORS).map(([code, { exit, retryable, meaning }]) => ({ code, exit, retryable, meaning }))
  expect(fromDoc).toEqual(fromCode)
})

test('every code comes with advice', () => {
  expect(rows.filter(({ advice }) => advice.length < 10)).toEqual([])
})

test('no other code is named', () => {
  expect([...doc.matchAll(/ERR_\w+/g)].map(([code]) => code).filter(code => !Object.hasOwn(ERRORS, code))).toEqual([])
})

test('only exit statuses that are explained are used', () => {
  const explained = new Set([.../Exit statuses: ([^\n]*)/.exec(doc)?.[1]?.matchAll(/\b\d+\b/g) ?? []].map(([status]) => Number(status)))
  for (const { exit } of Object.values(ERRORS)) expect(explained).toContain(exit)
})
