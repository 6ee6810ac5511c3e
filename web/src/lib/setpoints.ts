/** The limits of a house, checked as the hub checks them. */

import type { MessageKey } from './i18n'
import type { SetPoints } from './types'

export type SetPointName = keyof SetPoints
export type SetPointTexts = Record<SetPointName, string>

/** What may differ by night; the tank knows no night. */
export const NIGHT_NAMES: readonly SetPointName[] = [
  'temperature_min_c',
  'temperature_max_c',
  'temperature_hard_max_c',
]

/** Returns the set-points of the night: its own temperatures, and the day's water. */
export function nightOf<T>(
  night: Record<SetPointName, T>,
  day: Record<SetPointName, T>,
): Record<SetPointName, T> {
  const { water_low_percent, water_full_percent } = day
  return { ...night, water_low_percent, water_full_percent }
}

export const SETPOINTS: readonly { name: SetPointName; unit: '°C' | '%'; step: number }[] = [
  { name: 'temperature_min_c', unit: '°C', step: 0.5 },
  { name: 'temperature_max_c', unit: '°C', step: 0.5 },
  { name: 'temperature_hard_max_c', unit: '°C', step: 0.5 },
  { name: 'water_low_percent', unit: '%', step: 5 },
  { name: 'water_full_percent', unit: '%', step: 5 },
]

export const TEMPERATURE_LOWEST_C = -20
export const TEMPERATURE_HIGHEST_C = 60
const APART_C = 1

export type Wrong = Partial<Record<SetPointName, MessageKey>>

/** Returns what contradicts itself; nothing where the hub would take it. */
export function checkSetPoints(given: Record<SetPointName, number | null>): Wrong {
  const wrong: Wrong = {}
  for (const { name, unit } of SETPOINTS) {
    const value = given[name]
    if (value === null) wrong[name] = 'field.number'
    else if (unit === '%' && (value < 0 || value > 100)) wrong[name] = 'setpoints.range'
    else if (unit === '°C' && (value < TEMPERATURE_LOWEST_C || value > TEMPERATURE_HIGHEST_C)) {
      wrong[name] = 'setpoints.range'
    }
  }
  const { temperature_min_c, temperature_max_c, temperature_hard_max_c } = given
  if (apart(temperature_min_c, temperature_max_c) < APART_C) {
    wrong.temperature_max_c ??= 'setpoints.order_max'
  }
  if (apart(temperature_max_c, temperature_hard_max_c) < APART_C) {
    wrong.temperature_hard_max_c ??= 'setpoints.order_hard'
  }
  if (apart(given.water_low_percent, given.water_full_percent) <= 0) {
    wrong.water_full_percent ??= 'setpoints.order_water'
  }
  return wrong
}

function apart(low: number | null, high: number | null): number {
  return low === null || high === null ? Infinity : high - low
}
