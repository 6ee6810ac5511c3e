import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { duration, number } from '@/lib/formats'
import { fill } from '@/lib/i18n'
import { sayReason, type PlanSpeech } from '@/lib/plan_words'
import { entry as enEntry } from '@/messages/en/entry'
import { farm as enFarm } from '@/messages/en/farm'
import { plan as enPlan } from '@/messages/en/plan'
import { entry as kmEntry } from '@/messages/km/entry'
import { farm as kmFarm } from '@/messages/km/farm'
import { plan as kmPlan } from '@/messages/km/plan'

type Outcome = Parameters<typeof sayReason>[0]['outcome']

function speechOf(words: Record<string, string>): PlanSpeech {
  return {
    t: (key, values = {}) => fill(words[key] ?? key, values),
    either: (key, otherwise, values = {}) => fill(words[key] ?? words[otherwise] ?? '', values),
    knows: (key) => key in words,
    language: { value: 'en' },
    number: (value, decimals = 0) => number(value, 'en', decimals),
    percent: (value) => `${String(value)} %`,
    duration: (seconds) => duration(seconds, 'en'),
    deviceName: (name) => name,
    houseName: (name) => name,
    unitOf: () => '',
    deviceOf: () => null,
  }
}

/** The reasons that the reference names, by their outcome. */
function named(outcome: string): string[] {
  const page = readFileSync('../docs/reference/automation.md', 'utf8')
  const row = new RegExp(`^\\| \`${outcome}\` \\| (.*) \\|$`, 'm').exec(page)?.[1] ?? ''
  return [...row.matchAll(/`([a-z_0-9:]+)`/g)].map(([, reason]) => reason ?? '')
}

describe.each([
  ['km', { ...kmEntry, ...kmFarm, ...kmPlan }],
  ['en', { ...enEntry, ...enFarm, ...enPlan }],
])('why a run did not go as it was to, in %s', (_, words) => {
  it.each(['failed', 'skipped'])('is told of all that have %s', (outcome) => {
    const reasons = named(outcome)
    expect(reasons.length).toBeGreaterThan(4)
    const speech = speechOf(words)
    const silent = reasons.filter(
      (reason) => sayReason({ outcome: outcome as Outcome, reason }, speech) === null,
    )
    expect(silent).toEqual([])
  })
})
