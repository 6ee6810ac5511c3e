/** The event log in words: who did what, and why; never the bare record. */

import type { IconName } from './icons'
import type { MessageKey } from './i18n'
import { sayLevel } from './levels'
import type { FarmEvent } from './types'

/** The words that a sentence is made of, in the person's language. */
export interface Speech {
  t(key: MessageKey, values?: Record<string, string | number>): string
  either(key: string, otherwise: MessageKey, values?: Record<string, string | number>): string
  knows(key: string): boolean
  number(value: number, decimals?: number): string
  percent(value: number): string
  duration(seconds: number): string
  deviceName(name: string): string
  houseName(name: string): string
}

/** What the ids in the log are called; null where nobody knows any more. */
export interface Names {
  house(id: string | null): string | null
  device(id: string | null): string | null
  member(id: string): string | null
}

export interface Told {
  icon: IconName
  text: string
  /** Why, or what exactly; null where the sentence says it all. */
  detail: string | null
}

const ICONS: Readonly<Record<string, IconName>> = {
  alarms: 'bell',
  alert: 'bell',
  alerts: 'bell',
  channel: 'phone',
  command: 'power',
  crop: 'sprout',
  desired: 'refresh',
  device: 'cog',
  escalation: 'bell',
  farm: 'home',
  flock: 'hen',
  harvest: 'sprout',
  house: 'home',
  hub: 'gauge',
  hub_pin: 'key',
  journal: 'gauge',
  member: 'people',
  mode: 'home',
  password: 'key',
  reading: 'chart',
  readings: 'chart',
  retention: 'chart',
  rules: 'limits',
  schedule: 'clock',
  setpoints: 'limits',
  user: 'person',
  zone: 'pin',
}
const STOPS = /^(farm|house)\.stopped$/

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

export function tell(event: FarmEvent, names: Names, speech: Speech): Told {
  const group = event.type.split('.')[0] ?? ''
  return {
    icon: STOPS.test(event.type) ? 'stop' : (ICONS[group] ?? 'info'),
    text: capital(sentence(event, names, speech)),
    detail: detail(event, group, speech),
  }
}

function sentence(event: FarmEvent, names: Names, speech: Speech): string {
  const { t, either } = speech
  const { data } = event
  const name = textOf(data['name'])
  const named = names.house(event.house_id)
  const device = names.device(event.device_id) ?? (event.type.startsWith('device.') ? name : null)
  const house = named ?? (event.type.startsWith('house.') ? name : null)
  const member = textOf(data['member'])
  const who = event.user?.name
  return either(`event.${event.type}`, who ? 'event.other_by' : 'event.other', {
    who: who || t('event.someone'),
    house: house === null ? t('event.a_house') : speech.houseName(house),
    device: device === null ? t('event.a_device') : speech.deviceName(device),
    member: (member === null ? null : names.member(member)) ?? t('event.a_member'),
    name: name ?? textOf(data['crop']) ?? '—',
    count: speech.number(numberOf(data['count']) ?? 0),
    kg: speech.number(numberOf(data['kg']) ?? 0, 1),
    alert:
      typeof data['name'] === 'string'
        ? data['name']
        : either(`alert.${String(data['type'])}`, 'alert.other'),
    // How long it lasts was asked once; afterwards it is about whether it worked.
    order: order(data, event.type === 'command.requested', speech),
  })
}

function order(data: FarmEvent['data'], timed: boolean, speech: Speech): string {
  const { t } = speech
  const value = numberOf(data['value'])
  const duration_s = numberOf(data['duration_s'])
  const action = String(data['action'])
  if (action === 'auto' || action === 'reset') return t(`event.order.${action}`)
  const level = action === 'off' ? 0 : action === 'on' ? 100 : (value ?? 100)
  const said = sayLevel(level, speech)
  return duration_s === null || !timed || level === 0
    ? said
    : t('event.order.for', { order: said, duration: speech.duration(duration_s) })
}

function detail(event: FarmEvent, group: string, speech: Speech): string | null {
  const { data } = event
  const said: (string | null)[] = []
  if (group === 'alert') said.push(measured(data, speech))
  if (group === 'setpoints') said.push(...limits(data, speech))
  if (group === 'member') said.push(known(`role.${String(data['role'])}`, speech))
  if (group === 'reading') said.push(known(`quantity.${String(data['quantity'])}`, speech))
  if (group === 'command') {
    said.push(known(`reason.${String(data['reason'])}`, speech))
  }
  if (data['origin'] === 'farm') said.push(speech.t('event.at_farm'))
  if (Array.isArray(data['fields'])) {
    said.push(...data['fields'].map((field) => known(`event.field.${String(field)}`, speech)))
  }
  return said.filter((part) => part !== null).join(' · ') || null
}

/** Returns a word of the server's in the person's language, or nothing: a code helps nobody. */
function known(key: string, speech: Speech): string | null {
  return speech.knows(key) ? speech.t(key as MessageKey) : null
}

function measured(data: FarmEvent['data'], speech: Speech): string | null {
  const type = String(data['type'])
  const [actual, threshold] = [numberOf(data['actual']), numberOf(data['threshold'])]
  if (actual === null || threshold === null) return null
  const unit = type.startsWith('water_low') ? '%' : type.startsWith('temperature') ? '°C' : null
  if (unit === null) return null
  return speech.t('alerts.value', {
    value: amount(actual, unit, speech),
    threshold: amount(threshold, unit, speech),
  })
}

function limits(data: FarmEvent['data'], speech: Speech): string[] {
  const before = (data['before'] ?? {}) as Record<string, unknown>
  const after = (data['after'] ?? {}) as Record<string, unknown>
  return Object.keys(after).flatMap((name) => {
    const [was, is] = [numberOf(before[name]), numberOf(after[name])]
    const label = known(`setpoints.${name}`, speech)
    if (was === null || is === null || was === is || label === null) return []
    const unit = name.endsWith('percent') ? '%' : '°C'
    return [
      speech.t('event.changed', {
        name: label,
        before: amount(was, unit, speech),
        after: amount(is, unit, speech),
      }),
    ]
  })
}

function amount(value: number, unit: '%' | '°C', speech: Speech): string {
  if (unit === '%') return speech.percent(value)
  return `${speech.number(value, Number.isInteger(value) ? 0 : 1)}\u00a0°C`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
