import { describe, expect, it } from 'vitest'

import { beginningOf } from '@/lib/thresholds'
import { reading } from './readings'

const READINGS = [
  reading('a', 'temperature', 31.4),
  reading('a', 'relative_humidity', 61),
  reading('a', 'co2', 1234),
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
