import { describe, expect, it } from 'vitest'

import { fill } from '@/lib/i18n'
import { isOpen, troubleKey, type Job } from '@/lib/jobs'
import { reasonText, type Reason } from '@/lib/reasons'
import { hoursOf, lineOf } from '@/lib/twin'
import { farm } from '@/messages/en/farm'
import { twin } from '@/messages/en/twin'

const day = { coldest_c: 24, hottest_c: 34, humidity_pct: 70, sun: 'clear' } as const

describe('a day as people describe it', () => {
  it('is coldest at six, warmest at two, and goes round', () => {
    const temperatures = hoursOf(day).map(({ temperature_c }) => temperature_c)
    expect(temperatures).toHaveLength(25)
    expect(temperatures[6]).toBe(24)
    expect(temperatures[14]).toBe(34)
    expect(temperatures[24]).toBe(temperatures[0])
    expect(Math.min(...temperatures)).toBe(24)
    expect(Math.max(...temperatures)).toBe(34)
  })

  it('is damper by night and never beyond what air holds', () => {
    const humidity = hoursOf({ ...day, humidity_pct: 95 }).map(({ humidity_pct }) => humidity_pct)
    expect(humidity[6]).toBe(100)
    expect(humidity[14]).toBe(80)
  })

  it('has its sun by day, and less of it behind clouds', () => {
    const sun = (kind: 'clear' | 'cloudy'): number[] =>
      hoursOf({ ...day, sun: kind }).map(({ radiation_w_m2 }) => Math.round(radiation_w_m2))
    expect([sun('clear')[3], sun('clear')[12], sun('clear')[22]]).toEqual([0, 900, 0])
    expect(sun('cloudy')[12]).toBe(300)
  })
})

describe('a line of a chart', () => {
  it('has a point for each row that is known', () => {
    const line = lineOf('temperature', [20, null, 22], { from: '2026-03-01T00:00:00Z', row_s: 300 })
    const begins = Date.parse('2026-03-01T00:00:00Z')
    expect(line.points).toEqual([
      [begins, 20, 0],
      [begins + 600_000, 22, 0],
    ])
  })
})

describe('a job', () => {
  const job: Job = {
    id: 'x',
    state: 'running',
    progress: 0.5,
    trouble: null,
    result: null,
    ended_at: null,
  }

  it('is open until it has ended', () => {
    expect([isOpen(null), isOpen(job), isOpen({ state: 'queued' })]).toEqual([false, true, true])
    expect(isOpen({ state: 'cancelled' })).toBe(false)
  })

  it('says why it has no result', () => {
    const failed = (code: string): Job => ({
      ...job,
      state: 'failed',
      trouble: { code, detail: '' },
    })
    expect(troubleKey(job)).toBeNull()
    expect(troubleKey({ ...job, state: 'completed' })).toBeNull()
    expect(troubleKey({ ...job, state: 'cancelled' })).toBe('twin.trouble.cancelled')
    expect(troubleKey(failed('refused'))).toBe('twin.trouble.refused')
    expect(troubleKey(failed('too_much'))).toBe('twin.trouble.too_much')
    expect(troubleKey(failed('lost'))).toBe('twin.trouble.other')
  })
})

describe('why something could not be done', () => {
  const english: Record<string, string> = { ...farm, ...twin }
  const words = {
    t: (key: string, values = {}) => fill(english[key] ?? key, values),
    knows: (key: string) => key in english,
    number: (value: number) => String(value),
  } as Parameters<typeof reasonText>[1]
  const said = (code: string, values: Reason['values'] = {}): string | null =>
    reasonText({ code, values }, words)

  it('is said in words, with its numbers', () => {
    const days = { days_fitted: 2, days_held_out: 0, days_needed: 5 }
    expect(said('too_few_days', days)).toContain('Measurements of 5 days are needed')
    expect(said('nothing_inside')).toContain('Nothing was measured')
  })

  it('calls parts of the model and quantities what people call them', () => {
    expect(said('not_told', { parameter: 'fan_m3_s' })).toContain('air that the fans move')
    expect(
      said('alike', { parameters: ['heat_total', 'fan_m3_s', 'leak'], condition: null }),
    ).toContain('heat that the birds give off, air that the fans move and gaps that let air in')
    expect(said('no_weather', { quantity: 'global_radiation' })).toContain('Sunshine')
    expect(said('unknown_parameter', { parameter: 'colour' })).toContain('colour')
  })

  it('is left to the server’s own words where there are none here', () => {
    expect(said('of_tomorrow')).toBeNull()
    expect(reasonText(null, words)).toBeNull()
    expect(reasonText(undefined, words)).toBeNull()
  })
})
