import { describe, expect, it } from 'vitest'

import { bandOf, stepOf } from '@/lib/quantities'
import type { HouseState, Reading } from '@/lib/types'
import { derivedIn, derivedReadings, withDerived } from '@/lib/vapour'
import { reading } from './readings'

const air = (device_id: string, more = {}): Reading[] => [
  reading(device_id, 'temperature', 25),
  reading(device_id, 'relative_humidity', 60, more),
]
const house = (kind: string): HouseState =>
  ({
    house: { kind },
    sensors: [{ device_id: 'roof', role: 'weather_station' }],
    readings: [...air('a'), ...air('roof')],
  }) as unknown as HouseState

describe('how dry the air is', () => {
  it('follows from the temperature and the humidity of one place', () => {
    const [vpd, ...others] = derivedReadings(air('a'))
    expect(others).toEqual([])
    expect(vpd).toMatchObject({ device_id: 'a', quantity: 'vpd', unit: 'kPa' })
    expect(vpd?.value).toBeCloseTo(1.267, 3)
  })

  it('is as old and as doubtful as the worst of what it follows from', () => {
    const older = { t: '2026-11-23T02:00:00Z', quality: 1, stale: true }
    expect(derivedReadings(air('a', older))[0]).toMatchObject(older)
  })

  it('of leaves needs their temperature, and is nought where they are wet', () => {
    const leafy = [...air('a'), reading('a', 'leaf_temperature', 10)]
    expect(derivedReadings(leafy).map(({ quantity, value }) => [quantity, value > 0])).toEqual([
      ['vpd', true],
      ['leaf_vpd', false],
    ])
  })

  it('is not made of two places, nor beside a sensor of its own, and no more than one shows', () => {
    const apart = [reading('a', 'temperature', 25), reading('b', 'relative_humidity', 60)]
    expect(derivedReadings(apart)).toEqual([])
    expect(derivedReadings([...air('a'), reading('a', 'vpd', 0.4)])).toEqual([])
    const hot = [reading('a', 'temperature', 80), reading('a', 'relative_humidity', 1)]
    expect(derivedReadings(hot)[0]?.value).toBe(10)
  })

  it('is shown of greenhouses alone', () => {
    expect(derivedIn(house('greenhouse')).map((one) => one.device_id)).toEqual(['a', 'roof'])
    expect(derivedIn(house('coop'))).toEqual([])
    expect(derivedIn(null)).toEqual([])
  })

  it('may be what a rule goes by, in steps of a tenth', () => {
    expect(withDerived(['temperature', 'relative_humidity'])).toContain('vpd')
    expect([...withDerived(['temperature', 'co2'])]).toEqual(['temperature', 'co2'])
    expect([stepOf('vpd'), bandOf('vpd')]).toEqual([0.1, 0.1])
    expect([stepOf('temperature'), bandOf('temperature')]).toEqual([1, 0.5])
    expect([stepOf('relative_humidity'), bandOf('relative_humidity')]).toEqual([2, 2])
  })
})
