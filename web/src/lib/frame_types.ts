/** What comes over the live line, and by polling in its place. */

import type { Execution } from './plan_types'
import type { Alert, Command, Why } from './types'

/** `[device, quantity, t_ms, value, quality]` */
export type ReadingTuple = [string, string, number, number, number]

export interface DeviceStateData {
  house_id: string
  device_id: string
  actual: number | null
  target: number | null
  online: boolean
  why: Why | null
  error: string | null
  t: string | number
}

export interface SnapshotHouse {
  readings: ReadingTuple[]
  actuators: DeviceStateData[]
}

export interface FarmChange {
  what:
    | 'farm'
    | 'house'
    | 'device'
    | 'member'
    | 'setpoints'
    | 'mode'
    | 'rules'
    | 'alarms'
    | 'schedule'
    | 'stop'
    | 'hub'
    | 'flock'
    | 'crop'
  id: string
}

/** A photograph was judged, or looked at again. */
export interface NewDetection {
  id: string
  house_id: string
  /** Null: a person sent it. */
  camera: string | null
}

/** A photograph that somebody asked for could not be taken. */
export interface NoPhotograph {
  house_id: string
  /** The wish that it answers. */
  request: string
  reason: string
}

interface FrameOf<T extends string, D> {
  type: T
  farm: string
  seq?: number
  t: number
  data: D
}

export type ServerFrame =
  | FrameOf<'command.status', Command & { house_id?: string }>
  | FrameOf<'device.state', DeviceStateData>
  | FrameOf<'alert.changed', Alert>
  | FrameOf<'schedule.executed', Execution>
  | FrameOf<'detection.new' | 'detection.changed', NewDetection>
  | FrameOf<'photograph.failed', NoPhotograph>
  | FrameOf<'message.new', { users: string[]; quietly: string[] }>
  | FrameOf<'farm.changed', FarmChange>
  | FrameOf<'readings', { house_id: string; values: ReadingTuple[] }>
  | FrameOf<'snapshot', { houses: Record<string, SnapshotHouse> }>

export type ControlFrame =
  { type: 'heartbeat'; t: number } | { type: 'reload' } | { type: 'error'; code: string }

export interface Changes {
  items: ServerFrame[]
  next_since: number
  reload: boolean
  snapshot?: { houses: Record<string, SnapshotHouse> } | null
}
