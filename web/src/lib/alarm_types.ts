/** The alarms of a house as the server speaks of them. */

import type { Comparison, CurvePoint } from './plan_types'
import type { PersonRef, Severity } from './types'

interface Measured {
  quantity: string
  comparison: Comparison
}

export type Watch =
  | (Measured & { kind: 'limit'; threshold: number; deadband?: number; device_id?: string | null })
  | (Measured & { kind: 'rate'; per_minute: number; window_s?: number; device_id?: string | null })
  | (Measured & {
      kind: 'difference'
      reference: 'setpoint' | 'outside'
      by: number
      deadband?: number
    })
  | { kind: 'silent'; device_id: string; after_s: number }
  | { kind: 'offline'; device_id: string }
  | (Measured & { kind: 'age_limit'; curve: CurvePoint[]; deadband?: number })
  | { kind: 'expression'; expression: string }
  | { kind: 'test'; at: unknown; lasts_s?: number }
  | { kind: 'standard'; type: string }
export type WatchKind = Watch['kind']

export interface Alarm {
  /** A new one gets its id from the server. */
  id?: string
  name: string
  watch: Watch
  severity: Severity
  on_delay_s: number
  off_delay_s: number
  hold_off_s: number
  repeat_s: number | null
  siren: boolean
  enabled: boolean
}

export interface Alarms {
  version: number
  alarms: Alarm[]
  updated_by: PersonRef | null
  updated_at: string | null
}
