/** What an owner says of a house: what they type, what is wrong with it, what is sent. */

import { parseNumber, plainDigits, wallTime } from './formats'
import type { MessageKey } from './i18n'
import type { HouseCard, HouseKind, Page } from './types'

export interface HouseDraft {
  kind: HouseKind
  name: string
  number: string
  capacity: string
  present_count: string
  chicken_type: string
  crop_type: string
  floor_area_m2: string
}

export type HouseField = Exclude<keyof HouseDraft, 'kind'>

/** What the server keeps of a house itself; the birds in it are a flock of their own. */
export interface HouseFields {
  name: string
  number: number
  capacity: number | null
  chicken_type: string | null
  crop_type: string | null
  floor_area_m2: number | null
}

const LATIN: Readonly<Record<HouseKind, string>> = { coop: 'Coop', greenhouse: 'Greenhouse' }
const MOST = 10_000_000
const LAST_NUMBER = 9_999

export function suggestedNumber(houses: readonly HouseCard[]): number {
  return Math.max(0, ...houses.map(({ number }) => number)) + 1
}

/** Returns a name that no house has, in the form that every language can say. */
export function suggestedName(kind: HouseKind, houses: readonly HouseCard[]): string {
  let count = houses.filter((house) => house.kind === kind).length + 1
  while (houses.some(({ name }) => name === `${LATIN[kind]} ${String(count)}`)) count += 1
  return `${LATIN[kind]} ${String(count)}`
}

/** Returns the numbers that other houses have. */
export function takenNumbers(houses: readonly HouseCard[], own_id: string | null): number[] {
  return houses.filter(({ id }) => id !== own_id).map(({ number }) => number)
}

function whole(text: string): number | null {
  const value = parseNumber(text)
  return value !== null && Number.isInteger(value) ? value : null
}

/** Returns what is wrong with a draft; nothing where the server would take it. */
export function checkHouse(
  draft: HouseDraft,
  taken: readonly number[],
): Partial<Record<HouseField, MessageKey>> {
  const wrong: Partial<Record<HouseField, MessageKey>> = {}
  if (draft.name.trim() === '') wrong.name = 'field.required'
  const number = whole(draft.number)
  if (draft.number.trim() === '') wrong.number = 'field.required'
  else if (number === null) wrong.number = 'field.number'
  else if (number < 1 || number > LAST_NUMBER) wrong.number = 'field.range'
  else if (taken.includes(number)) wrong.number = 'manage.number_taken'
  const counts = draft.kind === 'coop' ? (['capacity', 'present_count'] as const) : []
  for (const field of counts) {
    const value = whole(draft[field])
    if (draft[field].trim() === '') continue
    if (value === null) wrong[field] = 'field.number'
    else if (value < 0 || value > MOST) wrong[field] = 'field.range'
  }
  const area = parseNumber(draft.floor_area_m2)
  if (draft.floor_area_m2.trim() !== '') {
    if (area === null) wrong.floor_area_m2 = 'field.number'
    else if (area <= 0 || area > MOST) wrong.floor_area_m2 = 'field.range'
  }
  return wrong
}

/** Returns the fields of a draft that has passed its checks. */
export function fieldsOf(draft: HouseDraft): HouseFields {
  const coop = draft.kind === 'coop'
  const text = (typed: string): string | null => typed.trim() || null
  return {
    name: draft.name.trim(),
    number: parseNumber(draft.number) ?? 0,
    capacity: coop ? parseNumber(draft.capacity) : null,
    chicken_type: coop ? text(draft.chicken_type) : null,
    crop_type: coop ? null : text(draft.crop_type),
    floor_area_m2: parseNumber(draft.floor_area_m2),
  }
}

/** Returns only what differs: what another phone changed meanwhile stays. */
export function changesOf(before: HouseFields, after: HouseFields): Partial<HouseFields> {
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => before[name as keyof HouseFields] !== value),
  )
}

/** Returns the day on the farm as `2026-11-21`. */
export function dayOn(t_ms: number, zone: string): string {
  const { year, month, day } = wallTime(t_ms, zone)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${String(year)}-${two(month)}-${two(day)}`
}

interface Flock {
  id: string
  placed_on: string
  cleared_on: string | null
}

interface Sender {
  json<T>(path: string, request?: { method?: 'POST' | 'PATCH'; body?: unknown }): Promise<T>
}

/** Makes a coop hold so many birds: a flock comes in, is counted, or leaves. Safe to repeat. */
export async function countBirds(
  sender: Sender,
  house_path: string,
  birds: { count: number; chicken_type: string | null },
  today: string,
): Promise<void> {
  const { items } = await sender.json<Page<Flock>>(`${house_path}/flocks`)
  const flock = items.find(({ cleared_on }) => cleared_on === null)
  const { count, chicken_type } = birds
  if (flock === undefined) {
    if (count === 0) return
    const body = { placed_on: today, placed_count: count, chicken_type }
    await sender.json(`${house_path}/flocks`, { method: 'POST', body })
    return
  }
  // A day of clearing makes room for the next flock.
  const cleared_on = flock.placed_on > today ? flock.placed_on : today
  const body =
    count === 0 ? { present_count: 0, cleared_on } : { present_count: count, chicken_type }
  await sender.json(`${house_path}/flocks/${flock.id}`, { method: 'PATCH', body })
}

/** Returns the houses whose number or name, as it is shown or as it is stored, has what was typed. */
export function findHouses(
  houses: readonly HouseCard[],
  typed: string,
  shownName: (name: string) => string,
): HouseCard[] {
  const plain = (text: string): string => plainDigits(text).trim().toLowerCase()
  const wanted = plain(typed)
  return houses.filter(({ number, name }) =>
    [String(number), name, shownName(name)].some((text) => plain(text).includes(wanted)),
  )
}
