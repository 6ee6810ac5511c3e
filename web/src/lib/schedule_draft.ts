/** A schedule as a form holds it. */

import {
  WEEKDAYS,
  type Comparison,
  type CurvePoint,
  type Does,
  type ScheduleContent,
  type Times,
  type Weekday,
} from './plan_types'
import type { HouseMode } from './types'

export const DRAFT_KINDS = [
  'times',
  'turns',
  'sun',
  'condition',
  'light',
  'air',
  'sequence',
  'warmth',
] as const
/** `times` and `sun` are one kind to the server; a farmer thinks of two. */
export type DraftKind = (typeof DRAFT_KINDS)[number]

/** What few people need is one tap further away. */
export const RARE: ReadonlySet<DraftKind> = new Set(['sequence', 'warmth'])
/** What goes by the age of the birds. */
export const BY_AGE: ReadonlySet<DraftKind> = new Set(['light', 'air', 'warmth'])

export const DAY_S = 86_400

export interface StartDraft {
  by: 'daily' | 'sunrise' | 'sunset' | 'cron'
  times: string[]
  days: Weekday[]
  /** Later than the sun; earlier when negative. */
  offset_s: number
  expression: string
}

export interface EndDraft {
  by: 'duration' | 'daily' | 'sunrise' | 'sunset' | 'cron'
  duration_s: number
  time: string
  offset_s: number
  expression: string
}

export interface ConditionDraft {
  quantity: string
  comparison: Comparison
  threshold: string
  hysteresis: string
  for_s: number
  device_id: string | null
}

export interface StepDraft {
  device_id: string
  run_s: number
  rest_s: number
  level: number
}

export interface PointDraft {
  day: string
  value: string
}

export interface ScheduleDraft {
  kind: DraftKind
  name: string
  enabled: boolean
  priority: number
  valid_from: string
  valid_until: string
  missed: 'skip' | 'once'
  modes: HouseMode[]
  devices: string[]
  level: number
  start: StartDraft
  end: EndDraft
  run_s: number
  rest_s: number
  always: boolean
  repeat: string
  conditions: ConditionDraft[]
  combine: 'all' | 'any'
  longest_s: number
  steps: StepDraft[]
  /** Hours of light, air for each kilogram, or the lower limit of the temperature. */
  curve: PointDraft[]
  upper: PointDraft[]
  capacity: string
  cycle_s: number
}

/** Where a curve starts before anybody changed it: what broilers usually get. */
const USUAL_CURVES: Readonly<Record<'light' | 'air' | 'lower' | 'upper', [number, number][]>> = {
  light: [
    [0, 23],
    [7, 18],
  ],
  air: [
    [0, 1],
    [21, 0.8],
  ],
  lower: [
    [0, 32],
    [7, 29],
    [21, 24],
    [35, 20],
  ],
  upper: [
    [0, 34],
    [7, 32],
    [21, 28],
    [35, 26],
  ],
}

const points = (pairs: readonly [number, number][]): PointDraft[] =>
  pairs.map(([day, value]) => ({ day: String(day), value: String(value) }))

export function newCondition(): ConditionDraft {
  return {
    quantity: 'temperature',
    comparison: 'above',
    threshold: '32',
    hysteresis: '1',
    for_s: 60,
    device_id: null,
  }
}

export function newDraft(kind: DraftKind): ScheduleDraft {
  return {
    kind,
    name: '',
    enabled: true,
    priority: 0,
    valid_from: '',
    valid_until: '',
    missed: 'skip',
    modes: [],
    devices: [],
    level: 100,
    start: {
      by: kind === 'sun' ? 'sunset' : 'daily',
      times: ['06:00'],
      days: [...WEEKDAYS],
      offset_s: 0,
      expression: '0 6 * * *',
    },
    end: {
      by: kind === 'sun' ? 'sunrise' : 'duration',
      duration_s: 600,
      time: '18:00',
      offset_s: 0,
      expression: '0 18 * * *',
    },
    run_s: 300,
    rest_s: 1500,
    always: true,
    repeat: '3',
    conditions: [newCondition()],
    combine: 'all',
    longest_s: DAY_S,
    steps: [],
    curve: points(USUAL_CURVES[kind === 'light' ? 'light' : kind === 'air' ? 'air' : 'lower']),
    upper: points(USUAL_CURVES.upper),
    capacity: '',
    cycle_s: 300,
  }
}

const short = (time: string): string => time.slice(0, 5)
const texts = (curve: readonly CurvePoint[]): PointDraft[] =>
  points(curve.map(({ day, value }) => [day, value]))

/** Returns the form of a schedule that is there. */
export function draftOf(content: ScheduleContent): ScheduleDraft {
  const { does } = content
  const draft = newDraft(kindOf(does))
  Object.assign(draft, {
    name: content.name,
    enabled: content.enabled,
    priority: content.priority,
    valid_from: content.valid_from ?? '',
    valid_until: content.valid_until ?? '',
    missed: content.missed,
    modes: [...content.modes],
  })
  if ('devices' in does) draft.devices = [...does.devices]
  if ('level' in does && does.level !== undefined) draft.level = does.level
  switch (does.kind) {
    case 'time_based':
      takeStart(draft.start, does.start)
      takeEnd(draft.end, does.end ?? null, does.duration_s ?? null)
      break
    case 'duration_based':
      Object.assign(draft, { run_s: does.run_s, rest_s: does.rest_s, always: !does.start })
      if (does.start) takeStart(draft.start, does.start)
      if (does.repeat) draft.repeat = String(does.repeat)
      break
    case 'condition_based':
      draft.combine = does.combine ?? 'all'
      draft.longest_s = does.longest_s ?? DAY_S
      draft.conditions = does.conditions.map((one) => ({
        quantity: one.quantity,
        comparison: one.comparison,
        threshold: String(one.threshold),
        hysteresis: String(one.hysteresis ?? 0),
        for_s: one.for_s ?? 0,
        device_id: one.device_id ?? null,
      }))
      break
    case 'sequence':
      takeStart(draft.start, does.start)
      draft.steps = does.steps.map(({ device_id, run_s, rest_s = 0, level = 100 }) => ({
        device_id,
        run_s,
        rest_s,
        level,
      }))
      break
    case 'light_curve':
      draft.start.times = [short(does.start)]
      draft.curve = texts(does.hours)
      break
    case 'ventilation_curve':
      draft.curve = texts(does.m3_h_kg)
      draft.capacity = String(does.capacity_m3_h)
      draft.cycle_s = does.cycle_s ?? draft.cycle_s
      break
    case 'temperature_curve':
      draft.curve = texts(does.minimum_c)
      draft.upper = texts(does.maximum_c)
  }
  return draft
}

export function kindOf(does: Does): DraftKind {
  switch (does.kind) {
    case 'time_based':
      return does.start.kind === 'sun' ? 'sun' : 'times'
    case 'duration_based':
      return 'turns'
    case 'condition_based':
      return 'condition'
    case 'sequence':
      return 'sequence'
    case 'light_curve':
      return 'light'
    case 'ventilation_curve':
      return 'air'
    case 'temperature_curve':
      return 'warmth'
  }
}

function takeStart(start: StartDraft, times: Times): void {
  if (times.kind === 'cron') Object.assign(start, { by: 'cron', expression: times.expression })
  else start.days = [...(times.days ?? WEEKDAYS)]
  if (times.kind === 'sun') Object.assign(start, { by: times.event, offset_s: times.offset_s ?? 0 })
  if (times.kind === 'daily') Object.assign(start, { by: 'daily', times: times.times.map(short) })
}

function takeEnd(end: EndDraft, times: Times | null, duration_s: number | null): void {
  if (times === null) Object.assign(end, { by: 'duration', duration_s: duration_s ?? 600 })
  else if (times.kind === 'daily')
    Object.assign(end, { by: 'daily', time: short(times.times[0] ?? '') })
  else if (times.kind === 'sun')
    Object.assign(end, { by: times.event, offset_s: times.offset_s ?? 0 })
  else Object.assign(end, { by: 'cron', expression: times.expression })
}
