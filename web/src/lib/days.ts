/** The days of a house, as they were measured and as its model tells them. */

import type { MessageKey } from './i18n'

export interface Day {
  from: string
  temperature_c: number | null
  temperature_min_c: number | null
  temperature_max_c: number | null
  humidity_percent: number | null
  vpd_kpa: number | null
  /** By how much the model of the house was off its temperature. */
  twin_off_k: number | null
  weight_kg: number | null
  yield_kg: number | null
  predicted_kg: number | null
  energy_kwh: number | null
  saved_kwh: number | null
  spared_stress_h: number | null
  lacking: string | null
}

/** What is foretold of whoever lives in the house now. */
export interface Growth {
  quantity: 'weight' | 'yield'
  lacking: string | null
  ahead: { on: string; kg: number }[]
}

export interface Days {
  items: Day[]
  unrated: string[]
  growth: Growth | null
}

/** A line of a day: what it is called, and how it is said. */
export interface Line {
  name: MessageKey
  text: string
}

type Say = (value: number, decimals: number) => string
type Tell = (key: MessageKey, values: Record<string, string>) => string
/** Less than this nobody saved. */
const NOTHING = 0.05

function lineOf(name: MessageKey, value: number | null, say: (value: number) => string): Line[] {
  return value === null ? [] : [{ name, text: say(value) }]
}

/** Returns what there is to say of a day; what nobody measured is left out. */
export function linesOf(day: Day, number: Say, t: Tell): Line[] {
  const degrees = (value: number): string => `${number(value, 1)} °C`
  const energy = (value: number): string => `${number(Math.abs(value), 1)} kWh`
  const { temperature_min_c: low, temperature_max_c: high, saved_kwh } = day
  const span =
    low === null || high === null
      ? ''
      : `, ${t('days.range', { low: degrees(low), high: degrees(high) })}`
  const spared_h = Math.abs(day.spared_stress_h ?? 0) < NOTHING ? null : day.spared_stress_h
  return [
    ...lineOf('quantity.temperature', day.temperature_c, (value) => degrees(value) + span),
    ...lineOf(
      'quantity.relative_humidity',
      day.humidity_percent,
      (value) => `${number(value, 0)} %`,
    ),
    ...lineOf('quantity.vpd', day.vpd_kpa, (value) => `${number(value, 2)} kPa`),
    ...lineOf('days.twin_off', day.twin_off_k, degrees),
    ...lineOf('quantity.weight', day.weight_kg, (value) => `${number(value, 2)} kg`),
    ...lineOf('days.yield', day.yield_kg, (value) => `${number(value, 1)} kg`),
    ...lineOf('days.predicted', day.predicted_kg, (value) => `${number(value, 2)} kg`),
    ...lineOf('days.energy', day.energy_kwh, energy),
    ...lineOf((saved_kwh ?? 0) <= -NOTHING ? 'days.more' : 'days.saved', saved_kwh, energy),
    ...lineOf('days.spared', spared_h, (value) => t('twin.hours', { hours: number(value, 1) })),
  ]
}

/** Returns the days from the first one on of which there is something to say. */
export function sinceFirst<D extends { lines: readonly unknown[]; lacking: unknown }>(
  days: readonly D[],
): readonly D[] {
  const first = days.findIndex(({ lines, lacking }) => lines.length > 0 || lacking !== null)
  return first < 0 ? [] : days.slice(first)
}

/** Returns why nobody can tell what was saved, or null where that needs no word. */
export function lackingKey(day: Pick<Day, 'lacking'>): MessageKey | null {
  const known = ['weather', 'fit', 'decisions', 'twin'] as const
  const why = known.find((one) => one === day.lacking)
  return why === undefined ? null : `days.lacking.${why}`
}

/** Returns what is foretold, day by day; each day begins at noon UTC, so that no zone moves it. */
export function aheadOf(growth: Growth | null): { on_ms: number; kg: number }[] {
  return (growth?.ahead ?? []).map(({ on, kg }) => ({ on_ms: Date.parse(`${on}T12:00:00Z`), kg }))
}

/** Returns why nothing is foretold, or null where something is or no word is needed. */
export function unforetoldKey(growth: Growth | null): MessageKey | null {
  const known = ['weather', 'twin', 'hens', 'crop', 'area'] as const
  const why = known.find((one) => one === growth?.lacking)
  return why === undefined ? null : `days.unforetold.${why}`
}

/** Whether anything of what is told comes from the model of the house. */
export function isByTwin({ items, growth }: Pick<Days, 'items' | 'growth'>): boolean {
  const told = items.some(
    ({ saved_kwh, predicted_kg }) => saved_kwh !== null || predicted_kg !== null,
  )
  return told || aheadOf(growth).length > 0
}
