import { describe, expect, it } from 'vitest'

import { align, axisRange, axisStart, summarize } from '@/lib/series'
import type { Point } from '@/lib/types'

const MINUTE = 60_000
const every = (minutes: number[]): Point[] => minutes.map((minute) => [minute * MINUTE, minute, 0])

describe('a chart', () => {
  it('breaks its line where nothing was measured', () => {
    const { y } = align([{ points: every([0, 5, 10, 15, 60, 65]) }])
    expect(y[0]).toEqual([0, 5, 10, 15, null, 60, 65])
  })

  it('breaks it where the cloud says so, and only there', () => {
    const points = every([0, 5, 10, 60, 65])
    expect(align([{ points, gaps: [] }]).y[0]).toEqual([0, 5, 10, 60, 65])
    expect(align([{ points, gaps: [[5 * MINUTE, 10 * MINUTE]] }]).y[0]).toEqual([
      0,
      5,
      null,
      10,
      60,
      65,
    ])
  })

  it('does not take a slow sensor for a broken one', () => {
    const { y } = align([{ points: every([0, 60, 120, 180]) }])
    expect(y[0]).toEqual([0, 60, 120, 180])
  })

  it('puts two sensors on one axis of time', () => {
    const { x, y } = align([{ points: every([0, 2]) }, { points: every([1, 2]) }])
    expect(x).toEqual([0, 60, 120])
    expect(y).toEqual([
      [0, undefined, 2],
      [undefined, 1, 2],
    ])
  })

  it('never makes a storm of noise', () => {
    expect(axisRange(28, 28.2, 6)).toEqual([28 - 2.9 - 0.016, 28.2 + 2.9 + 0.016].map(near))
  })
})

const near = (value: number) => expect.closeTo(value, 6) as number

describe('the summary of a chart', () => {
  it('says lowest, highest, average and latest', () => {
    expect(summarize([{ points: every([3, 1, 8]) }])).toEqual({
      low: 1,
      high: 8,
      mean: 4,
      latest: 8,
    })
  })

  it('of nothing is nothing', () => {
    expect(summarize([{ points: [] }])).toBeNull()
  })
})

describe('the axis of time', () => {
  const HOUR = 60 * MINUTE

  it('is the whole range where there is data for most of it', () => {
    expect(axisStart([{ points: every([0, 600]) }], 0, 24 * HOUR)).toBe(0)
  })

  it('begins with the data on a farm that is new', () => {
    expect(axisStart([{ points: every([1200, 1400]) }], 0, 24 * HOUR)).toBe(1200 * MINUTE)
  })

  it('is half an hour long at least', () => {
    expect(axisStart([{ points: every([1439]) }], 0, 24 * HOUR)).toBe(23.5 * HOUR)
    expect(axisStart([], 0, 24 * HOUR)).toBe(23.5 * HOUR)
  })
})
