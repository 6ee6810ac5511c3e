/** What a device did over a time, as stretches of one state each. */

import { lastOf } from './lists'

/** Time in ms, level in % (null: unknown), set-point, power in W, share of the time online. */
export type LinePoint = [number, number | null, number | null, number | null, number]

export interface DeviceHistory {
  line: {
    points: LinePoint[]
    truncated: boolean
    /** From then on nothing was heard of it. */
    known_until: string
  }
  counts: Counts
}

export interface Counts {
  runtime_hours: number
  on_cycles: number
  errors: number
  /** Null where nobody said what it draws. */
  energy_kwh: number | null
  known_hours: number
}

export type State = 'on' | 'off' | 'unknown'

export interface Stretch {
  from_ms: number
  to_ms: number
  state: State
}

/** A hub that was heard a moment ago is not silent. */
const JUST_HEARD_MS = 60_000

function stateOf([, level, , , online]: LinePoint): State {
  if (level === null || online === 0) return 'unknown'
  return level > 0 ? 'on' : 'off'
}

/** Returns the stretches of a time without a hole between them; each point holds until the next. */
export function stretchesOf(
  points: readonly LinePoint[],
  from_ms: number,
  to_ms: number,
  known_until_ms: number,
): Stretch[] {
  const found: Stretch[] = []
  const add = (start_ms: number, end_ms: number, state: State): void => {
    const begin_ms = Math.max(start_ms, from_ms)
    const stop_ms = Math.min(end_ms, to_ms)
    if (begin_ms >= stop_ms) return
    const last = lastOf(found)
    if (last?.state === state) last.to_ms = stop_ms
    else found.push({ from_ms: begin_ms, to_ms: stop_ms, state })
  }
  const end_ms = to_ms - known_until_ms < JUST_HEARD_MS ? to_ms : known_until_ms
  add(from_ms, points[0]?.[0] ?? to_ms, 'unknown')
  points.forEach((point, index) => {
    add(point[0], Math.min(points[index + 1]?.[0] ?? end_ms, end_ms), stateOf(point))
  })
  add(end_ms, to_ms, 'unknown')
  return found
}
