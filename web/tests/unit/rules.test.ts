import { describe, expect, it } from 'vitest'

import type { Rule } from '@/lib/plan_types'
import { checkRule, newRule, nextStage, RULE_KINDS, ruleDraftOf, ruleOf } from '@/lib/rule_draft'

const [FAN, HEATER] = [
  '01a1fbf0-0000-7000-8000-00000000000f',
  '01a1fbf0-0000-7000-8000-00000000000e',
]
const base = { id: '01a1fbf0-0000-7000-8000-000000000001', name: 'x', enabled: false }
const above = { quantity: 'temperature', comparison: 'above' } as const

const RULES: Rule[] = [
  {
    ...base,
    kind: 'threshold',
    when: { ...above, threshold: 30, hysteresis: 1, for_s: 5, device_id: null },
    devices: [FAN],
    level: 50,
  },
  {
    ...base,
    kind: 'staged',
    ...above,
    stages: [
      { threshold: 28, devices: [FAN], level: 100 },
      { threshold: 30.5, devices: [HEATER], level: 25 },
    ],
    hysteresis: 0.5,
  },
  {
    ...base,
    kind: 'proportional',
    quantity: 'temperature',
    from_value: 24,
    to_value: 30,
    from_level: 10,
    to_level: 90,
    step: 10,
    devices: [FAN],
  },
  {
    ...base,
    kind: 'lead_lag',
    ...above,
    lead: 28,
    lag: 31,
    devices: [FAN, HEATER],
    hysteresis: 1,
    swap_every_s: 3600,
    level: 100,
  },
  { ...base, kind: 'exclusion', running: [FAN], yields: [HEATER] },
]

describe('the form of a rule', () => {
  it.each(RULES.map((rule) => [rule.kind, rule] as const))(
    'gives %s back as it came',
    (_, rule) => {
      const draft = ruleDraftOf(rule)
      expect(checkRule(draft)).toEqual({})
      expect(ruleOf(draft, 'other')).toEqual(rule)
    },
  )

  it.each(RULE_KINDS)('of a new %s gets its id from the server', (kind) => {
    expect(ruleOf(newRule(kind), 'by what it does')).not.toHaveProperty('id')
    expect(ruleOf(newRule(kind), 'by what it does').name).toBe('by what it does')
  })

  it('adds a stage further out than the last', () => {
    const draft = newRule('staged')
    expect(nextStage(draft).threshold).toBe('32')
    draft.condition.comparison = 'below'
    expect(nextStage(draft).threshold).toBe('28')
  })
})

describe('a rule is sent back when', () => {
  it('a stage begins nearer than the one before', () => {
    const draft = newRule('staged')
    draft.stages.forEach((stage) => (stage.devices = [FAN]))
    draft.condition.comparison = 'below'
    expect(checkRule(draft)).toEqual({ stages: 'plan.wrong.stage_order' })
  })

  it('the helper joins before its leader', () => {
    const draft = { ...newRule('lead_lag'), devices: [FAN, HEATER], further: '30' }
    expect(checkRule(draft)).toEqual({ further: 'plan.wrong.further' })
  })

  it('one device is to take turns with nobody', () => {
    const draft = { ...newRule('lead_lag'), devices: [FAN] }
    expect(checkRule(draft)).toEqual({ devices: 'plan.wrong.twins' })
  })

  it('a device is to stop for itself', () => {
    const draft = { ...newRule('exclusion'), devices: [FAN], yields: [FAN] }
    expect(checkRule(draft)).toEqual({ yields: 'plan.wrong.itself' })
  })
})
