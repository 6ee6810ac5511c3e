/** The shapes of schedules and rules, as the server speaks them. */

import type { HouseMode, PersonRef } from './types'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]
export type SunEvent = 'sunrise' | 'sunset'
export type Comparison = 'above' | 'below'

export interface DailyTimes {
  kind: 'daily'
  times: string[]
  days?: Weekday[]
}

export interface SunTimes {
  kind: 'sun'
  event: SunEvent
  offset_s?: number
  days?: Weekday[]
}

export interface CronTimes {
  kind: 'cron'
  expression: string
}

export type Times = DailyTimes | SunTimes | CronTimes

export interface Condition {
  quantity: string
  comparison: Comparison
  threshold: number
  hysteresis?: number
  for_s?: number
  device_id?: string | null
}

export interface CurvePoint {
  day: number
  value: number
}

export interface SequenceStep {
  device_id: string
  run_s: number
  rest_s?: number
  level?: number
}

/** What is left out has the server's default: every day, fully on, as long as a day. */
export type Does =
  | {
      kind: 'time_based'
      start: Times
      end?: Times | null
      duration_s?: number | null
      devices: string[]
      level?: number
    }
  | {
      kind: 'duration_based'
      run_s: number
      rest_s: number
      start?: Times | null
      repeat?: number | null
      devices: string[]
      level?: number
    }
  | {
      kind: 'condition_based'
      conditions: Condition[]
      combine?: 'all' | 'any'
      longest_s?: number
      devices: string[]
      level?: number
    }
  | { kind: 'sequence'; start: Times; steps: SequenceStep[] }
  | { kind: 'light_curve'; start: string; hours: CurvePoint[]; devices: string[]; level?: number }
  | {
      kind: 'ventilation_curve'
      m3_h_kg: CurvePoint[]
      capacity_m3_h: number
      cycle_s?: number
      devices: string[]
    }
  | { kind: 'temperature_curve'; minimum_c: CurvePoint[]; maximum_c: CurvePoint[] }

export interface ScheduleContent {
  name: string
  does: Does
  enabled: boolean
  priority: number
  valid_from: string | null
  valid_until: string | null
  missed: 'skip' | 'once'
  modes: HouseMode[]
}

export interface Execution {
  id: string
  schedule_id: string
  schedule_name: string | null
  due_at: string
  at: string | null
  /** Null: asked for, and nobody has answered yet. */
  outcome: 'executed' | 'failed' | 'skipped' | null
  reason: string | null
  requested_by: PersonRef | null
}

export interface Schedule extends ScheduleContent {
  id: string
  house_id: string
  version: number
  devices: { id: string; name: string; role: string }[]
  next_run: string | null
  last_run: Execution | null
  updated_by: PersonRef | null
  updated_at: string
  /** The hub has taken this version. */
  held: boolean
}

export interface ScheduleVersion {
  version: number
  at: string
  by: PersonRef | null
  what: 'created' | 'changed' | 'rolled_back' | 'enabled' | 'disabled' | 'deleted' | 'restored'
  schedule: ScheduleContent
}

export interface UpcomingRun {
  schedule_id: string
  name: string
  house_id: string
  at: string
  until: string | null
}

export interface Preview {
  from: string
  through: string
  runs: {
    schedule_id: string
    name: string
    due_at: string | null
    outcome: 'executed' | 'failed' | 'skipped'
    reason: string | null
  }[]
  stretches: {
    device_id: string
    device_name: string
    from: string
    until: string
    level: number
    source: string
    reason: string
  }[]
  truncated: boolean
}

interface RuleBase {
  id: string
  name: string
  enabled?: boolean
}

export interface Stage {
  threshold: number
  devices: string[]
  level?: number
}

export type Rule = RuleBase &
  (
    | { kind: 'threshold'; when: Condition; devices: string[]; level?: number }
    | {
        kind: 'staged'
        quantity: string
        comparison: Comparison
        stages: Stage[]
        hysteresis?: number
      }
    | {
        kind: 'proportional'
        quantity: string
        from_value: number
        to_value: number
        devices: string[]
        from_level?: number
        to_level?: number
        step?: number
      }
    | {
        kind: 'lead_lag'
        quantity: string
        comparison: Comparison
        lead: number
        lag: number
        devices: string[]
        hysteresis?: number
        swap_every_s?: number
        level?: number
      }
    | { kind: 'exclusion'; running: string[]; yields: string[] }
  )

export type RuleKind = Rule['kind']

export interface Rules {
  version: number
  rules: Rule[]
  /** Whether the control box has taken this version. */
  held: boolean
}
