/** A schedule as it is sent, from a form that has passed its checks. */

import { parseNumber } from './formats'
import type { CurvePoint, Does, ScheduleContent, Times } from './plan_types'
import type { EndDraft, PointDraft, ScheduleDraft, StartDraft } from './schedule_draft'

const long = (time: string): string => (time.length === 5 ? `${time}:00` : time)

function startOf({ by, times, days, offset_s, expression }: StartDraft): Times {
  if (by === 'cron') return { kind: 'cron', expression: expression.trim() }
  if (by === 'daily') return { kind: 'daily', times: [...times].sort().map(long), days }
  return { kind: 'sun', event: by, offset_s, days }
}

function endOf({ by, time, offset_s, expression }: EndDraft): Times | null {
  if (by === 'duration') return null
  if (by === 'cron') return { kind: 'cron', expression: expression.trim() }
  return by === 'daily'
    ? { kind: 'daily', times: [long(time)] }
    : { kind: 'sun', event: by, offset_s }
}

const curveOf = (typed: readonly PointDraft[]): CurvePoint[] =>
  typed.map(({ day, value }) => ({ day: parseNumber(day) ?? 0, value: parseNumber(value) ?? 0 }))

/** Returns what the schedule does. */
export function doesOf(draft: ScheduleDraft): Does {
  const { devices, level } = draft
  switch (draft.kind) {
    case 'times':
    case 'sun': {
      const end = endOf(draft.end)
      const until = end === null ? { duration_s: draft.end.duration_s } : { end }
      return { kind: 'time_based', start: startOf(draft.start), ...until, devices, level }
    }
    case 'turns': {
      const begun = { start: startOf(draft.start), repeat: parseNumber(draft.repeat) ?? 1 }
      const { run_s, rest_s } = draft
      return {
        kind: 'duration_based',
        run_s,
        rest_s,
        ...(draft.always ? {} : begun),
        devices,
        level,
      }
    }
    case 'condition': {
      const conditions = draft.conditions.map((one) => ({
        ...one,
        threshold: parseNumber(one.threshold) ?? 0,
        hysteresis: parseNumber(one.hysteresis) ?? 0,
      }))
      const { combine, longest_s } = draft
      return { kind: 'condition_based', conditions, combine, longest_s, devices, level }
    }
    case 'sequence':
      return { kind: 'sequence', start: startOf(draft.start), steps: draft.steps }
    case 'light': {
      const start = long(draft.start.times[0] ?? '06:00')
      return { kind: 'light_curve', start, hours: curveOf(draft.curve), devices, level }
    }
    case 'air':
      return {
        kind: 'ventilation_curve',
        m3_h_kg: curveOf(draft.curve),
        capacity_m3_h: parseNumber(draft.capacity) ?? 0,
        cycle_s: draft.cycle_s,
        devices,
      }
    case 'warmth':
      return {
        kind: 'temperature_curve',
        minimum_c: curveOf(draft.curve),
        maximum_c: curveOf(draft.upper),
      }
  }
}

/** Returns the schedule as it is sent; one without a name is called by what it does. */
export function contentOf(draft: ScheduleDraft, otherwise: string): ScheduleContent {
  return {
    name: (draft.name.trim() || otherwise).slice(0, 100),
    does: doesOf(draft),
    enabled: draft.enabled,
    priority: draft.priority,
    valid_from: draft.valid_from || null,
    valid_until: draft.valid_until || null,
    missed: draft.missed,
    modes: draft.modes,
  }
}
