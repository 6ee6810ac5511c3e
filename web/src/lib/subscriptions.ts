/** What a person wants to be told of, as few choices make it; types are picked in groups. */

import type { Severity } from './types'

export interface Subscription {
  id: string
  /** Null: all farms of the person. */
  farm_id: string | null
  /** None: all. */
  types: string[]
  least: Severity
  quiet_from: string | null
  quiet_until: string | null
}

/** What belongs together for people who are not to read two dozen words. */
const TYPES_OF = {
  climate: ['temperature_low', 'temperature_high', 'temperature_hard_limit'],
  water: ['water_low', 'water_not_rising'],
  flock: ['dropping_suspicious', 'flock_suspicious', 'weight_behind', 'yield_behind'],
  devices: [
    'sensor_stale',
    'sensor_doubtful',
    'sensors_disagree',
    'device_offline',
    'device_error',
    'node_offline',
    'camera_failed',
    'twin_drift',
  ],
  hub: ['hub_offline', 'data_gap'],
  schedules: ['schedule_failed'],
  own: ['limit', 'rate', 'difference', 'age_limit', 'expression'],
  tests: ['alarm_test'],
} as const
export type Group = keyof typeof TYPES_OF
export const GROUPS = Object.keys(TYPES_OF) as Group[]
/** What speaks for others may speak for any group. */
const ALWAYS = ['many_devices', 'alarm_flood']

/** Returns the types of groups; none where all groups are wanted. */
export function typesOf(groups: readonly Group[]): string[] {
  if (groups.length === GROUPS.length) return []
  return [
    ...GROUPS.filter((one) => groups.includes(one)).flatMap((one) => TYPES_OF[one]),
    ...ALWAYS,
  ]
}

/** Returns the groups of which at least one type is wanted. */
export function groupsOf(types: readonly string[]): Group[] {
  if (types.length === 0) return [...GROUPS]
  return GROUPS.filter((group) => TYPES_OF[group].some((type) => types.includes(type)))
}

export interface Draft {
  /** Null: not written yet. */
  id: string | null
  farm_id: string | null
  least: Severity
  groups: Group[]
  quiet: boolean
  quiet_from: string
  quiet_until: string
}

/** When people sleep: nobody who wants quiet hours should have to begin at midnight. */
const NIGHT = { quiet_from: '21:00', quiet_until: '05:00' } as const

/** Returns what holds for who has said nothing: everything of all farms, at any hour. */
export function newDraft(): Draft {
  return {
    id: null,
    farm_id: null,
    least: 'info',
    groups: [...GROUPS],
    quiet: false,
    ...NIGHT,
  }
}

const minutes = (clock: string): string => clock.slice(0, 5)

export function draftOf(found: Subscription): Draft {
  return {
    id: found.id,
    farm_id: found.farm_id,
    least: found.least,
    groups: groupsOf(found.types),
    quiet: found.quiet_from !== null,
    quiet_from: minutes(found.quiet_from ?? NIGHT.quiet_from),
    quiet_until: minutes(found.quiet_until ?? NIGHT.quiet_until),
  }
}

/** Returns what is sent; a farm is named once, when it is written first. */
export function bodyOf(draft: Draft, before: Subscription | null): Record<string, unknown> {
  const { least, quiet, quiet_from, quiet_until } = draft
  // Single types that were chosen elsewhere stay as they are until somebody chooses groups.
  const kept = before !== null && groupsOf(before.types).join() === draft.groups.join()
  return {
    ...(before === null ? { farm_id: draft.farm_id } : {}),
    least,
    types: kept ? before.types : typesOf(draft.groups),
    quiet_from: quiet ? quiet_from : null,
    quiet_until: quiet ? quiet_until : null,
  }
}
