import { describe, expect, it } from 'vitest'

import { parseNumber } from '@/lib/formats'
import { rateOf } from '@/lib/quantities'
import { begunAt, newRule, nextStage, type RuleDraft } from '@/lib/rule_draft'
import { beginningOf, limitable } from '@/lib/thresholds'
import type { HouseState, Reading } from '@/lib/types'
import { reading } from './readings'

const house = (...readings: Reading[]): HouseState =>
  ({
    sensors: [{ device_id: 'roof', role: 'weather_station' }],
    readings: [
      reading('roof', 'temperature', 22),
      reading('roof', 'relative_humidity', 40),
      reading('dead', 'temperature', 5, { stale: true }),
      ...readings,
    ],
  }) as unknown as HouseState
const WHOLE = house(
  reading('a', 'temperature', 31),
  reading('b', 'temperature', 31.8),
  reading('c', 'relative_humidity', 61),
  reading('c', 'co2', 1234),
  reading('c', 'air_speed', 0.4),
)

describe('a limit that nobody has set yet', () => {
  it.each([
    ['temperature', { near: 31.5, step: 1, band: 0.5 }],
    ['relative_humidity', { near: 62, step: 2, band: 2 }],
    ['co2', { near: 1240, step: 20, band: 20 }],
    ['vpd', { near: 1.8, step: 0.1, band: 0.1 }],
    ['air_speed', { near: 0.4, step: 1, band: 0.2 }],
    ['ammonia', { near: 0, step: 1, band: 1 }],
  ])('of %s begins at what the house itself measures now', (quantity, beginning) => {
    expect(beginningOf(WHOLE, quantity)).toEqual(beginning)
  })

  it('goes by nothing that the weather station alone tells', () => {
    expect(limitable(WHOLE)).toContain('vpd')
    expect([...limitable(house(reading('a', 'temperature', 30)))]).toEqual(['temperature'])
  })

  it('of a rate is small where the quantity is', () => {
    expect([rateOf('temperature'), rateOf('vpd')]).toEqual([0.5, 0.01])
  })
})

describe('the values of a rule that goes by something else now', () => {
  const draft = (kind: RuleDraft['kind'], comparison: 'above' | 'below'): RuleDraft => {
    const made = newRule(kind)
    return { ...made, condition: { ...made.condition, quantity: 'relative_humidity', comparison } }
  }
  const begun = (kind: RuleDraft['kind'], comparison: 'above' | 'below', near: number) => {
    const values = begunAt(draft(kind, comparison), { near, step: 2, band: 2 }, () => '%')
    const { condition, further, stages } = values
    return [condition.threshold, further, stages.map(({ threshold }) => threshold)]
  }

  it.each([
    ['staged', 'above', 60, ['60', '60', ['60', '64']]],
    ['staged', 'below', 60, ['60', '60', ['60', '56']]],
    ['lead_lag', 'above', 60, ['60', '62', ['60', '64']]],
    ['lead_lag', 'below', 60, ['60', '58', ['60', '56']]],
    ['proportional', 'above', 60, ['60', '68', ['60', '64']]],
    ['proportional', 'above', 98, ['92', '100', ['92', '96']]],
    ['staged', 'above', 98, ['96', '96', ['96', '100']]],
    ['staged', 'below', 0, ['4', '4', ['4', '0']]],
  ] as const)('of %s %s %d lie apart and within', (kind, comparison, near, values) => {
    expect(begun(kind, comparison, near)).toEqual(values)
  })

  it('and of its next stage too', () => {
    const dry = draft('staged', 'above')
    dry.condition.quantity = 'vpd'
    dry.stages = [{ threshold: '1.4', devices: [], level: 100 }]
    expect(nextStage(dry).threshold).toBe('1.6')
  })
})

describe('a number as it is shown', () => {
  it('is one that can be typed', () => {
    expect(parseNumber('១២\u202f៣៦០')).toBe(12360)
    expect(parseNumber('−1,25')).toBe(-1.25)
  })
})
