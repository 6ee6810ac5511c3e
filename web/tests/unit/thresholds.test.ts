import { describe, expect, it } from 'vitest'

import { beginningOf } from '@/lib/thresholds'
import type { Reading } from '@/lib/types'

const reading = (quantity: string, value: number): Reading => ({
  device_id: 'a',
  device_name: 'a',
  zone: 'main',
  quantity,
  unit: '?',
  value,
  t: '2026-11-23T03:00:00Z',
  quality: 0,
  stale: false,
})
const READINGS = [
  reading('temperature', 31.4),
  reading('relative_humidity', 61),
  reading('co2', 1234),
]

describe('a limit that nobody has set yet', () => {
  it.each([
    ['temperature', { near: 31, step: 1, band: 0.5 }],
    ['relative_humidity', { near: 62, step: 2, band: 2 }],
    ['co2', { near: 1240, step: 20, band: 20 }],
    ['vpd', { near: 1.8, step: 0.1, band: 0.1 }],
    ['ammonia', { near: 0, step: 1, band: 1 }],
  ])('of %s begins at what is measured now', (quantity, beginning) => {
    expect(beginningOf(READINGS, quantity)).toEqual(beginning)
  })
})
