/** The words of the screen in the person's language. */

import { ref, shallowRef } from 'vue'

import type { Catalogue, EntryWords, LaterWords, MessageKey } from '@/messages'
import { entry } from '@/messages/km/entry'
import type { Problem } from './problems'
import type { Language } from './types'
import * as formats from './formats'

export type { MessageKey }
type Values = Record<string, string | number>

const KEPT = 'tokkatot.language'

/** Khmer's first words are in the bundle, everything else is fetched when it is first needed. */
const ENTRY: Readonly<Record<Language, () => Promise<EntryWords>>> = {
  km: () => Promise.resolve(entry),
  en: async () => (await import('@/messages/en/entry')).entry,
}
/** The words that only some pages need, by the pages that need them. */
type Part = 'farm' | 'plan' | 'alarm' | 'channels' | 'autopilot' | 'twin'
type Loads = () => Promise<Partial<LaterWords>>
const LATER: Readonly<Record<Part, Readonly<Record<Language, Loads>>>> = {
  farm: {
    km: async () => {
      const [{ farm }, { manage }] = await Promise.all([
        import('@/messages/km/farm'),
        import('@/messages/km/manage'),
      ])
      return { ...farm, ...manage }
    },
    en: async () => {
      const [{ farm }, { manage }] = await Promise.all([
        import('@/messages/en/farm'),
        import('@/messages/en/manage'),
      ])
      return { ...farm, ...manage }
    },
  },
  plan: {
    km: async () => (await import('@/messages/km/plan')).plan,
    en: async () => (await import('@/messages/en/plan')).plan,
  },
  alarm: {
    km: async () => (await import('@/messages/km/alarm')).alarm,
    en: async () => (await import('@/messages/en/alarm')).alarm,
  },
  channels: {
    km: async () => (await import('@/messages/km/channels')).channels,
    en: async () => (await import('@/messages/en/channels')).channels,
  },
  autopilot: {
    km: async () => (await import('@/messages/km/autopilot')).autopilot,
    en: async () => (await import('@/messages/en/autopilot')).autopilot,
  },
  twin: {
    km: async () => (await import('@/messages/km/twin')).twin,
    en: async () => (await import('@/messages/en/twin')).twin,
  },
}

const current = ref<Language>('km')
const catalogue = shallowRef<Partial<Catalogue>>(entry)
/** What was needed so far: another language brings all of it. */
const needed = new Set<Part>()

export function isLanguage(value: unknown): value is Language {
  return value === 'km' || value === 'en'
}

/** One after the other, so that a fetch that began with fewer words never takes the others away. */
let showing = Promise.resolve()

/** Shows a language, as soon as its words are here. */
export function setLanguage(language: Language): Promise<void> {
  showing = showing.catch(() => undefined).then(() => show(language))
  return showing
}

async function show(language: Language): Promise<void> {
  const [first, ...later] = await Promise.all([
    ENTRY[language](),
    ...[...needed].map((part) => LATER[part][language]()),
  ])
  catalogue.value = Object.assign({}, first, ...later) as Partial<Catalogue>
  current.value = language
  document.documentElement.lang = language
  try {
    localStorage.setItem(KEPT, language)
  } catch {
    // A private window forgets it, and that is its owner's wish.
  }
}

/** Fetches words that a page needs beyond the first ones. */
export async function loadWords(...parts: Part[]): Promise<void> {
  for (const part of parts) needed.add(part)
  await setLanguage(current.value)
}

/** Returns the language that this phone used last; Khmer on a new one. */
export function keptLanguage(): Language {
  try {
    const kept = localStorage.getItem(KEPT)
    return isLanguage(kept) ? kept : 'km'
  } catch {
    return 'km'
  }
}

/** Returns a text with its `{names}` filled in. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all))
}

function t(key: MessageKey, values: Values = {}): string {
  return fill(catalogue.value[key] ?? key, values)
}

/** Returns the first of the keys that the catalogue has: for codes that the server may add to. */
function either(key: string, otherwise: MessageKey, values: Values = {}): string {
  return t(knows(key) ? (key as MessageKey) : otherwise, values)
}

function knows(key: string): boolean {
  return key in catalogue.value
}

function problemText(problem: Problem): string {
  if (problem.code === 'rate_limited' && problem.retry_after_s !== null) {
    const duration = formats.duration(problem.retry_after_s, current.value)
    return t('problem.rate_limited_for', { duration })
  }
  return t(`problem.${problem.code}`)
}

/** The words that an installation calls things by, so that they need not stay in one language. */
const ROLE_OF_WORD: Readonly<Record<string, string>> = {
  pump: 'water_pump',
  manure_belt: 'conveyor',
  belt: 'conveyor',
  irrigation: 'irrigation_valve',
  shade_screen: 'screen',
  thermal_screen: 'screen',
  lights: 'light',
  lamp: 'light',
  lamps: 'light',
  fans: 'fan',
  exhaust_fan: 'fan',
  roof_vent: 'vent',
  roof_vents: 'vent',
  vents: 'vent',
  climate: 'climate_sensor',
  air: 'climate_sensor',
  gases: 'gas_sensor',
  carbon_dioxide: 'gas_sensor',
  feed_bin: 'weight_scale',
  bird_scale: 'weight_scale',
  light_at_the_crop: 'light_sensor',
  soil: 'soil_sensor',
  weather: 'weather_station',
  tank: 'water_level_sensor',
  water_tank: 'water_level_sensor',
  tank_level: 'water_level_sensor',
  water_level: 'water_level_sensor',
  tank_sensor: 'water_level_sensor',
  water_sensor: 'water_level_sensor',
}

/** Returns a device's name: in the person's language where it is a plain one, else as it was given. */
function deviceName(name: string): string {
  const plain = /^([a-z0-9_ ]*[a-z])[ _-]*(\d*)$/i.exec(name.trim())
  const word = (plain?.[1] ?? '').toLowerCase().replace(/ /g, '_')
  const key = `device.${ROLE_OF_WORD[word] ?? word}`
  if (plain === null || current.value === 'en' || !(key in catalogue.value)) return name
  const count = plain[2] ?? ''
  const own = t(key as MessageKey)
  return count === '' ? own : `${own} ${formats.digits(count, current.value)}`
}

const coop = /^(coop|house)\s*(\d+)$/i
const greenhouse = /^(greenhouse)\s*(\d+)$/i

/** Returns a house's name; the ones that the installation gives are said in the person's language. */
function houseName(name: string): string {
  const number = coop.exec(name)?.[2] ?? greenhouse.exec(name)?.[2]
  if (current.value === 'en' || number === undefined) return name
  const kind = coop.test(name) ? t('houses.coop') : t('houses.greenhouse')
  return `${kind}ទី${formats.digits(number, current.value)}`
}

export function useWords() {
  return {
    language: current,
    t,
    either,
    knows,
    problemText,
    deviceName,
    houseName,
    number: (value: number, decimals = 0) => formats.number(value, current.value, decimals),
    percent: (value: number) => `${formats.number(value, current.value)}\u00a0%`,
    digits: (text: string) => formats.digits(text, current.value),
    duration: (seconds: number) => formats.duration(seconds, current.value),
    age: (t_ms: number, now_ms: number) => formats.age(t_ms, now_ms, current.value),
    countdown: (left_ms: number) => formats.countdown(left_ms, current.value),
    phone: (e164: string) => formats.phone(e164, current.value),
  }
}
