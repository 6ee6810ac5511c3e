/** How what the farm says changes what is shown: pure functions over one house's state. */

import type { DeviceStateData, ReadingTuple, SnapshotHouse } from './frame_types'
import type { Actuator, Alert, Command, HouseCard, HouseState, Severity } from './types'

/** A report from further in the future than this is a clock that was set back: believe the newer word. */
const CLOCK_STEP_MS = 60_000

export function toMs(t: string | number | null): number | null {
  if (t === null) return null
  const ms = typeof t === 'number' ? t : Date.parse(t)
  return Number.isFinite(ms) ? ms : null
}

const iso = (t_ms: number): string => new Date(t_ms).toISOString()

/** Tells whether a report from `t_ms` is older than the one held: late history must not undo the present. */
export function isOlder(t_ms: number | null, held: string | null, now_ms: number): boolean {
  const held_ms = toMs(held)
  return t_ms !== null && held_ms !== null && t_ms < held_ms && held_ms < now_ms + CLOCK_STEP_MS
}

/** Takes readings in; returns false when one is of a sensor that the state does not list yet. */
export function takeReadings(
  state: HouseState,
  tuples: readonly ReadingTuple[],
  now_ms: number,
): boolean {
  let known = true
  for (const [device_id, quantity, t_ms, value, quality] of tuples) {
    const held = state.readings.find(
      (reading) => reading.device_id === device_id && reading.quantity === quantity,
    )
    if (held === undefined) known = false
    else if (!isOlder(t_ms, held.t, now_ms)) {
      const newer = t_ms !== toMs(held.t)
      Object.assign(held, { value, quality, t: iso(t_ms) })
      // A snapshot repeats the last value of a silent sensor: only a new one makes it fresh.
      if (newer) held.stale = false
    }
  }
  return known
}

/** Takes a device's report in; returns false when the state does not list it. */
export function takeDevice(state: HouseState, data: DeviceStateData, now_ms: number): boolean {
  const held = state.actuators.find((actuator) => actuator.device_id === data.device_id)
  if (held === undefined) return state.sensors.some((sensor) => sensor.device_id === data.device_id)
  const t_ms = toMs(data.t)
  if (isOlder(t_ms, held.actual_t, now_ms)) return true
  held.actual = data.actual
  held.target = data.target
  held.online = data.online
  held.why = data.why
  held.error = data.error
  if (t_ms !== null) held.actual_t = iso(t_ms)
  return true
}

export function takeSnapshot(state: HouseState, snapshot: SnapshotHouse, now_ms: number): boolean {
  const readings = takeReadings(state, snapshot.readings, now_ms)
  return (
    snapshot.actuators.map((data) => takeDevice(state, data, now_ms)).every(Boolean) && readings
  )
}

export function takeCommand(actuators: Actuator[], command: Command): void {
  const held = actuators.find((actuator) => actuator.device_id === command.device_id)
  if (held === undefined) return
  const older = held.command !== null && held.command.requested_at > command.requested_at
  if (!older) held.command = command
}

/** Puts an alert where it belongs; one that is over leaves the house's list. */
export function takeAlert(alerts: Alert[], alert: Alert): void {
  const index = alerts.findIndex((held) => held.id === alert.id)
  if (isOpen(alert)) {
    if (index < 0) alerts.unshift(alert)
    else alerts[index] = alert
  } else if (index >= 0) alerts.splice(index, 1)
}

export function isOpen(alert: Alert): boolean {
  return alert.state !== 'normal'
}

/** Tells whether nobody has said yet that they saw it. */
export function isUnseen(alert: Alert): boolean {
  return alert.state === 'unacknowledged' || alert.state === 'returned'
}

/** Types that never rest: what kills within minutes, and what the cloud sees of a hub. */
const RESTLESS: ReadonlySet<string> = new Set([
  'temperature_hard_limit',
  'dropping_suspicious',
  'flock_suspicious',
  'hub_offline',
  'camera_failed',
  'data_gap',
  'twin_drift',
  'weight_behind',
  'yield_behind',
])

export function mayRest(alert: Alert): boolean {
  return alert.cleared_at === null && alert.house_id !== null && !RESTLESS.has(alert.type)
}

/** Tells whether people want to hear nothing of it now. */
export function rests(alert: Alert, now_ms: number): boolean {
  return (toMs(alert.shelved_until ?? null) ?? 0) > now_ms
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 }

/** The worst first; among equals the newest. */
export function byUrgency(a: Alert, b: Alert): number {
  const active = Number(a.cleared_at !== null) - Number(b.cleared_at !== null)
  return active || RANK[a.severity] - RANK[b.severity] || b.raised_at.localeCompare(a.raised_at)
}

export function worst(alerts: readonly Alert[]): Severity | null {
  const open = alerts.filter((alert) => isOpen(alert) && alert.cleared_at === null)
  return [...open].sort(byUrgency)[0]?.severity ?? null
}

/** Brings a card up to date where one sensor alone speaks for the house; else the server's word stands. */
export function takeCardReadings(card: HouseCard, tuples: readonly ReadingTuple[]): void {
  for (const [device_id, quantity, t_ms, value] of tuples) {
    const field = quantity === 'water_level' ? 'water' : quantity
    if (field !== 'water' && field !== 'temperature') continue
    const held = card[field]
    if (held?.device_id === device_id && t_ms > (toMs(held.t) ?? 0)) {
      card[field] = { device_id, value, t: iso(t_ms), stale: false }
    }
  }
}
