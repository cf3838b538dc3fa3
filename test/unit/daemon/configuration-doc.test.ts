import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands.js'
import { CONFIG_SCHEMA } from '../../../src/daemon/config-schema.js'
import { checkSettings } from '../../../src/daemon/node-options.js'
import { SETTINGS, SETTING_NAMES, resolveSettings } from '../../../src/daemon/settings.js'

const page = readFileSync('docs/configuration.md', 'utf8')

test('the page has each setting with its flag and variable, and no others', () => {
  const rows = page.split('\n').filter((line) => /^\| (`|–)/.test(line)).map((line) => line.split(' | ').map((cell) => /`([\w-]+)/.exec(cell)?.[1]))
  const documented = rows.map(([file, flag, variable]) => ({ file: file?.replace(/^\| /, ''), flag, variable }))
  for (const name of SETTING_NAMES) {
    const { file, flag, env } = SETTINGS[name]
    expect(documented).toContainEqual({ file, flag: flag === undefined ? undefined : `--${flag}`, variable: env })
  }
  expect(documented).toHaveLength(SETTING_NAMES.length + 2)
})

test('the schema has each key that a file can have, and the page’s example passes', async () => {
  expect(Object.keys(CONFIG_SCHEMA.properties).sort()).toEqual(SETTING_NAMES.flatMap((name) => SETTINGS[name].file ?? []).sort())
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? ''
  for (const key of Object.keys(CONFIG_SCHEMA.properties)) expect(example).toContain(`${key}:`)
  const dir = mkdtempSync(join(tmpdir(), 'skein-test-'))
  try {
    const file = join(dir, 'skein.yaml')
    writeFileSync(file, example)
    await checkSettings(await resolveSettings({ flags: { config: file }, env: {}, role: 'daemon' }))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('the page of the command line names every command', () => {
  const cli = readFileSync('docs/cli.md', 'utf8')
  for (const name of Object.keys(COMMANDS)) expect(cli).toContain(`\`${name}`)
})
