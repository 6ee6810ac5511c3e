/** How dry air and leaves are, as it follows from temperatures and humidity; as the hub has it. */

import { HUB_ID } from './hub'
import type { HouseState, Reading } from './types'

/** FAO Irrigation and Drainage Paper 56, equation 11, in kPa. */
const saturated = (celsius: number): number =>
  0.6108 * Math.exp((17.27 * celsius) / (celsius + 237.3))
const MOST_KPA = 10

type Derived = 'vpd' | 'leaf_vpd'
/** What each follows from; the first of them is as warm as the leaf. */
const DERIVED_FROM: readonly (readonly [Derived, readonly string[]])[] = [
  ['vpd', ['temperature', 'relative_humidity']],
  ['leaf_vpd', ['leaf_temperature', 'temperature', 'relative_humidity']],
]
const UNIT = 'kPa'
export const DERIVED_UNIT: Readonly<Record<string, string>> = { vpd: UNIT, leaf_vpd: UNIT }

/** Returns what is measured, and what follows from it though nobody measures it. */
export function withDerived(measured: Iterable<string>): Set<string> {
  const found = new Set(measured)
  for (const [quantity, needed] of DERIVED_FROM)
    if (needed.every((one) => found.has(one))) found.add(quantity)
  return found
}

/** Returns the deficits of a greenhouse: a grower goes by them, birds don't mind. */
export const derivedIn = (state: HouseState | null): Reading[] =>
  state?.house.kind === 'greenhouse' ? derivedReadings(state.readings) : []

/** Tells whether there is a chart of it: the cloud draws what it computes, a hub what it heard. */
export const isDrawn = (quantity: string): boolean => HUB_ID === null && quantity === 'vpd'

/** Returns the deficits of the places of which one sensor tells all that they follow from. */
export function derivedReadings(readings: readonly Reading[]): Reading[] {
  const places = new Map<string, Map<string, Reading>>()
  for (const one of readings) {
    const place = places.get(one.device_id) ?? new Map<string, Reading>()
    places.set(one.device_id, place.set(one.quantity, one))
  }
  return [...places.values()].flatMap((place) =>
    DERIVED_FROM.flatMap(([quantity, needed]) =>
      place.has(quantity) ? [] : (derivedAt(place, quantity, needed) ?? []),
    ),
  )
}

function derivedAt(
  place: ReadonlyMap<string, Reading>,
  quantity: Derived,
  needed: readonly string[],
): Reading | null {
  const parts = needed.flatMap((name) => place.get(name) ?? [])
  const value = derived(quantity, (name) => place.get(name)?.value ?? null)
  const [first, ...others] = parts
  if (value === null || first === undefined) return null
  const oldest = others.reduce((a, b) => (Date.parse(a.t) <= Date.parse(b.t) ? a : b), first)
  return {
    ...oldest,
    quantity,
    unit: UNIT,
    value,
    quality: Math.max(...parts.map(({ quality }) => quality)),
    stale: parts.some(({ stale }) => stale),
  }
}

/** Returns what follows from other quantities of a place, null where nothing does. */
export function derived(
  quantity: string,
  valueOf: (quantity: string) => number | null,
): number | null {
  const needed = DERIVED_FROM.find(([name]) => name === quantity)?.[1]
  const [leaf_c, air_c, percent] = [needed?.[0] ?? '', 'temperature', 'relative_humidity'].map(
    valueOf,
  )
  if (leaf_c == null || air_c == null || percent == null) return null
  const there = (saturated(air_c) * percent) / 100
  return Math.min(Math.max(saturated(leaf_c) - there, 0), MOST_KPA)
}
