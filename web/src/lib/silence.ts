/** Which cameras of a house have fallen silent: what they saw last says nothing of now. */

import type { Detection } from './droppings'

/** Of a camera that has made one photograph; a round is half an hour unless a box is told otherwise. */
const SILENT_AFTER_MS = 2 * 3_600_000
const ROUNDS = 2

export interface Silence {
  camera: string
  /** What it saw last. */
  last: Detection
}

/** Returns the cameras whose newest photograph is older than two of their rounds, and two hours. */
export function silences(list: readonly Detection[], now_ms: number): Silence[] {
  const times = new Map<string, number[]>()
  const lasts = new Map<string, Detection>()
  for (const one of list) {
    if (one.camera === null) continue
    const at = Date.parse(one.t)
    times.set(one.camera, [...(times.get(one.camera) ?? []), at])
    const last = lasts.get(one.camera)
    if (last === undefined || Date.parse(last.t) < at) lasts.set(one.camera, one)
  }
  return [...lasts]
    .filter(([camera, last]) => now_ms - Date.parse(last.t) > limit(times.get(camera) ?? []))
    .map(([camera, last]) => ({ camera, last }))
}

/** A camera's round is what mostly lies between two of its photographs. */
function limit(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  const gaps = sorted.slice(1).map((time, index) => time - (sorted[index] ?? time))
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
  return Math.max(SILENT_AFTER_MS, ROUNDS * usual)
}
