/** Turns stored series into what a chart draws, and into the few numbers that say it in words. */

import type { Point, Series } from './types'

export interface Aligned {
  /** Seconds since 1970, as uPlot wants them. */
  x: number[]
  /** One list a series; null where nothing was measured, so that the line breaks. */
  y: (number | null)[][]
}

export interface Summary {
  low: number
  high: number
  mean: number
  latest: number
}

/** A hole of so many usual steps is a hole, not a slow sensor. */
const HOLE_STEPS = 5
const LEAST_HOLE_MS = 10 * 60_000

/** Returns the usual distance between two points. */
function usualStep(points: readonly Point[]): number {
  const steps: number[] = []
  for (let index = 1; index < points.length; index += 1) {
    steps.push((points[index]?.[0] ?? 0) - (points[index - 1]?.[0] ?? 0))
  }
  steps.sort((a, b) => a - b)
  return steps[Math.floor(steps.length / 2)] ?? 0
}

/** Returns where a line must break, by its points alone. */
function holesIn(points: readonly Point[]): [number, number][] {
  const hole_ms = Math.max(LEAST_HOLE_MS, HOLE_STEPS * usualStep(points))
  return points.flatMap(([t_ms], index): [number, number][] => {
    const before_ms = points[index - 1]?.[0]
    return before_ms !== undefined && t_ms - before_ms > hole_ms ? [[before_ms, t_ms]] : []
  })
}

/** Puts several series on one axis of time, with a break wherever one of them has a hole. */
export function align(series: readonly Pick<Series, 'points' | 'gaps'>[]): Aligned {
  const values = series.map(({ points, gaps }) => {
    const marked = new Map<number, number | null>(
      (gaps ?? holesIn(points)).map(([from_ms]) => [from_ms + 1, null]),
    )
    for (const [t_ms, value] of points) marked.set(t_ms, value)
    return marked
  })
  const times = [...new Set(values.flatMap((marked) => [...marked.keys()]))].sort((a, b) => a - b)
  return {
    x: times.map((t_ms) => t_ms / 1000),
    y: values.map((marked) => times.map((t_ms) => marked.get(t_ms) as number | null)),
  }
}

export function summarize(series: readonly Pick<Series, 'points'>[]): Summary | null {
  let low = Infinity
  let high = -Infinity
  let sum = 0
  let count = 0
  let latest: Point | null = null
  for (const { points } of series) {
    for (const point of points) {
      low = Math.min(low, point[1])
      high = Math.max(high, point[1])
      sum += point[1]
      count += 1
      if (latest === null || point[0] >= latest[0]) latest = point
    }
  }
  return latest === null ? null : { low, high, mean: sum / count, latest: latest[1] }
}

/** Returns the ends of the value axis: all values and a margin, never less than the least span. */
export function axisRange(low: number, high: number, span: number): [number, number] {
  const missing = Math.max(0, span - (high - low)) / 2
  const margin = (high - low) * 0.08
  return [low - missing - margin, high + missing + margin]
}

const LEAST_SPAN_MS = 30 * 60_000

/** Returns where the time axis begins: a farm that is new has no day to show yet. */
export function axisStart(
  series: readonly Pick<Series, 'points'>[],
  from_ms: number,
  to_ms: number,
): number {
  const first_ms = Math.min(...series.map(({ points }) => points[0]?.[0] ?? to_ms))
  const began_ms = Math.min(first_ms, to_ms - LEAST_SPAN_MS)
  return began_ms - from_ms > (to_ms - from_ms) / 2 ? began_ms : from_ms
}
