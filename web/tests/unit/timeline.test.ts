import { describe, expect, it } from 'vitest'

import { stretchesOf, type LinePoint } from '@/lib/timeline'

const MIN_MS = 60_000
/** In minutes, of which a day has a hundred here. */
const at = (minute: number, level: number, online = 1): LinePoint => [
  minute * MIN_MS,
  level,
  level,
  null,
  online,
]
const on = (minute: number): LinePoint => at(minute, 100)
const off = (minute: number): LinePoint => at(minute, 0)
const away = (minute: number): LinePoint => at(minute, 0, 0)
const said = (points: LinePoint[], known_until = 100): string =>
  stretchesOf(points, 0, 100 * MIN_MS, known_until * MIN_MS)
    .map(({ from_ms, to_ms, state }) => `${state} ${from_ms / MIN_MS}-${to_ms / MIN_MS}`)
    .join(', ')

describe('what a device did', () => {
  it('is one stretch after the other, without a hole', () => {
    expect(said([off(0), on(20), off(50)])).toBe('off 0-20, on 20-50, off 50-100')
  })

  it('holds from before the day began', () => {
    expect(said([on(-40), off(10)])).toBe('on 0-10, off 10-100')
  })

  it('is unknown before the first report, while it is offline, and from when nothing was heard', () => {
    expect(said([on(10), away(30), off(60)], 80)).toBe(
      'unknown 0-10, on 10-30, unknown 30-60, off 60-80, unknown 80-100',
    )
  })

  it('goes on until now where its hub was heard a moment ago', () => {
    expect(said([on(10)], 99.5)).toBe('unknown 0-10, on 10-100')
  })

  it('is one stretch where only a level changed', () => {
    expect(said([on(0), at(40, 30), off(70)])).toBe('on 0-70, off 70-100')
  })

  it('is unknown where nothing was ever reported', () => {
    expect(said([])).toBe('unknown 0-100')
    expect(said([], -5)).toBe('unknown 0-100')
  })
})
