import { describe, expect, it } from 'vitest'

import { aheadOf, lackingKey, linesOf, sinceFirst, unforetoldKey, type Day } from '@/lib/days'

const day: Day = {
  from: '2026-03-01T17:00:00Z',
  temperature_c: 27.34,
  temperature_min_c: 23,
  temperature_max_c: 33,
  humidity_percent: 71.4,
  vpd_kpa: 1.234,
  twin_off_k: null,
  weight_kg: null,
  yield_kg: null,
  predicted_kg: null,
  energy_kwh: 12,
  saved_kwh: 1.5,
  spared_stress_h: 0,
  lacking: null,
}
const say = (value: number, decimals: number): string => value.toFixed(decimals)
const tell = (key: string, values: Record<string, string>): string =>
  `${key} ${Object.values(values).join(' ')}`
const told = (changes: Partial<Day>): string[] =>
  linesOf({ ...day, ...changes }, say, tell).map(({ name, text }) => `${name}: ${text}`)

describe('a day in words', () => {
  it('says what was measured and leaves out what was not', () => {
    expect(told({})).toEqual([
      'quantity.temperature: 27.3 °C, days.range 23.0 °C 33.0 °C',
      'quantity.relative_humidity: 71 %',
      'quantity.vpd: 1.23 kPa',
      'days.energy: 12.0 kWh',
      'days.saved: 1.5 kWh',
    ])
  })

  it('says when an autopilot used more, and what it spared the birds', () => {
    expect(told({ saved_kwh: -2, spared_stress_h: 3 }).slice(-2)).toEqual([
      'days.more: 2.0 kWh',
      'days.spared: twin.hours 3.0',
    ])
  })

  it('says how far its model was off beside what was measured', () => {
    expect(told({ twin_off_k: 0.84 })[3]).toBe('days.twin_off: 0.8 °C')
  })

  it('says why nobody can tell what was saved, but not that a day is not over', () => {
    expect(lackingKey({ lacking: 'weather' })).toBe('days.lacking.weather')
    expect(lackingKey({ lacking: 'open' })).toBeNull()
    expect(lackingKey({ lacking: null })).toBeNull()
  })

  it('puts what was foretold beside what came', () => {
    expect(told({ weight_kg: 1.234, predicted_kg: 1.2 }).slice(3, 5)).toEqual([
      'quantity.weight: 1.23 kg',
      'days.predicted: 1.20 kg',
    ])
    expect(told({ yield_kg: 12.5 })[3]).toBe('days.yield: 12.5 kg')
  })

  it('looks ahead day by day, or says why it can’t', () => {
    const ahead = [{ on: '2026-03-02', kg: 1.3 }]
    const growth = { quantity: 'weight', lacking: null, ahead } as const
    expect(aheadOf({ ...growth, ahead })).toEqual([{ on_ms: Date.UTC(2026, 2, 2, 12), kg: 1.3 }])
    expect(unforetoldKey({ ...growth, ahead })).toBeNull()
    expect(unforetoldKey({ ...growth, ahead: [], lacking: 'hens' })).toBe('days.unforetold.hens')
    expect(aheadOf(null)).toEqual([])
  })
})

describe('the days that are shown', () => {
  const empty = { lines: [], lacking: null }
  const measured = { lines: ['27 °C'], lacking: null }
  const unknown = { lines: [], lacking: 'days.lacking.fit' }

  it('begin with the first one of which there is something to say', () => {
    expect(sinceFirst([empty, empty, measured, empty, measured])).toEqual([
      measured,
      empty,
      measured,
    ])
    expect(sinceFirst([empty, unknown])).toEqual([unknown])
  })

  it('are none of a house that was never measured', () => {
    expect(sinceFirst([empty, empty])).toEqual([])
  })
})
