import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { ICON_NAMES } from '@/lib/icons'
import { PROBLEM_CODES } from '@/lib/problems'
import { QUANTITIES } from '@/lib/quantities'
import { alarm as enAlarm } from '@/messages/en/alarm'
import { autopilot as enAutopilot } from '@/messages/en/autopilot'
import { channels as enChannels } from '@/messages/en/channels'
import { entry as enEntry } from '@/messages/en/entry'
import { farm as enFarm } from '@/messages/en/farm'
import { manage as enManage } from '@/messages/en/manage'
import { plan as enPlan } from '@/messages/en/plan'
import { twin as enTwin } from '@/messages/en/twin'
import { alarm as kmAlarm } from '@/messages/km/alarm'
import { autopilot as kmAutopilot } from '@/messages/km/autopilot'
import { channels as kmChannels } from '@/messages/km/channels'
import { entry as kmEntry } from '@/messages/km/entry'
import { farm as kmFarm } from '@/messages/km/farm'
import { manage as kmManage } from '@/messages/km/manage'
import { plan as kmPlan } from '@/messages/km/plan'
import { twin as kmTwin } from '@/messages/km/twin'
import { sprite } from '../../build/icons.js'

const km: Record<string, string> = {
  ...kmEntry,
  ...kmFarm,
  ...kmManage,
  ...kmChannels,
  ...kmPlan,
  ...kmAlarm,
  ...kmAutopilot,
  ...kmTwin,
}
const en: Record<string, string> = {
  ...enEntry,
  ...enFarm,
  ...enManage,
  ...enChannels,
  ...enPlan,
  ...enAlarm,
  ...enAutopilot,
  ...enTwin,
}
const KHMER = /[\u1780-\u17ff]/
/** The same in every language: names, and each language's own name. */
const SAME = new Set(['app.name', 'settings.language.en', 'settings.language.km'])

const names = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([name]) => name).sort()

function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.(vue|ts)$/.test(file.name))
    .filter((file) => !file.parentPath.includes('messages'))
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
    .join('\n')
}

describe('the catalogue', () => {
  it('has the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(km).sort())
  })

  it.each(Object.keys(km))('%s has the same places to fill in', (key) => {
    expect(names(en[key] ?? '')).toEqual(names(km[key] ?? ''))
  })

  it.each(Object.keys(km).filter((key) => !SAME.has(key)))('%s is translated', (key) => {
    expect(km[key]).toMatch(KHMER)
    expect(en[key]).not.toMatch(KHMER)
  })

  it('has no key that nothing says', () => {
    const source = sources('src')
    const unsaid = Object.keys(km).filter((key) => {
      if (source.includes(`'${key}'`)) return false
      const parts = key.split('.')
      // Keys of a table are put together: `alert.${type}`.
      return !parts.some(
        (_, index) => index > 0 && source.includes(`${parts.slice(0, index).join('.')}.\${`),
      )
    })
    expect(unsaid).toEqual([])
  })

  it('has words for every problem and every quantity', () => {
    for (const code of PROBLEM_CODES) expect(km).toHaveProperty([`problem.${code}`])
    for (const quantity of QUANTITIES) expect(km).toHaveProperty([`quantity.${quantity}`])
  })

  it('never uses a Latin full stop where Khmer has its own', () => {
    const latin = Object.entries(km).filter(([, text]) => /[\u1780-\u17ff]\.(\s|$)/.test(text))
    expect(latin).toEqual([])
  })
})

describe('the words of the server', () => {
  const domain = (file: string, name: string): string[] => {
    const text = readFileSync(`../src/tokkatot/${file}`, 'utf8')
    const body = new RegExp(`class ${name}\\(StrEnum\\):([\\s\\S]*?)(\\n\\n\\n|$)`).exec(text)?.[1]
    return [...(body ?? '').matchAll(/= "([a-z0-9_]+)"/g)].map(([, word]) => word ?? '')
  }

  it.each([
    ['domain/alerts.py', 'AlertType', 'alert.'],
    ['domain/alerts.py', 'AlertType', 'todo.'],
    ['domain/alerts.py', 'Severity', 'severity.'],
    ['domain/commands.py', 'Reason', 'reason.'],
    ['climate/calibrate/findings.py', 'Why', 'cannot.'],
    ['domain/devices.py', 'DeviceRole', 'device.'],
    ['domain/quantities.py', 'Quantity', 'quantity.'],
    ['automation/interlocks.py', 'Interlock', 'why.interlock.'],
    ['cloud/channels/model.py', 'ChannelKind', 'channels.kind.'],
    ['cloud/channels/model.py', 'Failure', 'channels.failure.'],
  ])('%s %s are all known as %s', (file, name, prefix) => {
    const words = domain(file, name)
    expect(words.length).toBeGreaterThan(2)
    expect(words.filter((word) => !(`${prefix}${word}` in km))).toEqual([])
  })

  it('for why its own rules and an autopilot move something are all known', () => {
    const text = ['rules', 'lending']
      .map((file) => readFileSync(`../src/tokkatot/automation/${file}.py`, 'utf8'))
      .join('\n')
    const reasons = [...text.matchAll(/Source\.RULE, reason="([a-z_]+)"/g)].map(([, why]) => why)
    expect(reasons).toContain('fewer_fans')
    expect(reasons.filter((why) => !(`why.rule.${why ?? ''}` in km))).toEqual([])
  })

  it('of problems are those of the table', () => {
    const text = readFileSync('../src/tokkatot/wire/problems.py', 'utf8')
    const codes = [...text.matchAll(/^ {8}"([a-z_]+)": _spec\(/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(10)
    expect(codes.filter((code) => !PROBLEM_CODES.some((known) => known === code))).toEqual([])
  })
})

describe('the icons', () => {
  it('on the page are those that are drawn', () => {
    const drawn = sprite()
    expect(readFileSync('src/assets/icons.svg', 'utf8')).toBe(drawn)
    for (const name of ICON_NAMES) expect(drawn).toContain(`id="icon-${name}"`)
  })
})
