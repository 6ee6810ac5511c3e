import { describe, expect, it } from 'vitest'

import type { Anomaly, SeriesAnomalies } from '@/lib/types'
import { newest } from '@/lib/unusual'

const hour = (from: string, value: number): Anomaly => ({
  from,
  to: from,
  value,
  low: 24,
  high: 30,
  score: 5,
})
const series = (device_id: string, ...anomalies: Anomaly[]): SeriesAnomalies => ({
  device_id,
  quantity: 'temperature',
  unit: '°C',
  anomalies,
})

describe('unusual hours', () => {
  it('are those of all sensors, the newest first, and only a few', () => {
    const found = newest(
      [
        series('a', hour('2026-11-20T03:00:00Z', 38), hour('2026-11-21T03:00:00Z', 39)),
        series('b', hour('2026-11-20T04:00:00Z', 12)),
        series('c'),
      ],
      2,
    )
    expect(found.map(({ device_id, value, unit }) => [device_id, value, unit])).toEqual([
      ['a', 39, '°C'],
      ['b', 12, '°C'],
    ])
  })

  it('are none where nothing was unusual', () => {
    expect(newest([series('a')], 5)).toEqual([])
  })
})
