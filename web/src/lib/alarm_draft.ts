/** An alarm as a form holds it: what is typed, what is wrong with it, what is sent. */

import type { Alarm, Watch, WatchKind } from './alarm_types'
import { parseNumber } from './formats'
import type { MessageKey } from './i18n'
import type { Comparison } from './plan_types'
import type { Severity } from './types'

/** What a form can write; other kinds are shown in words, and only how they are told is changed. */
export const FORM_KINDS = ['limit', 'silent', 'offline', 'rate', 'difference'] as const
export type FormKind = (typeof FORM_KINDS)[number]
/** What few people need is one tap further away. */
export const RARE_ALARMS: ReadonlySet<FormKind> = new Set(['rate', 'difference', 'offline'])

export interface AlarmDraft {
  id: string | null
  kind: WatchKind
  name: string
  enabled: boolean
  quantity: string
  comparison: Comparison
  /** The threshold, the rate, or how far from the other value. */
  value: string
  deadband: string
  reference: 'setpoint' | 'outside'
  device_id: string
  after_s: number
  severity: Severity
  siren: boolean
  on_delay_s: number
  off_delay_s: number
  hold_off_s: number
  repeat_s: number | null
  /** What it looked at when the form was opened. */
  watch: Watch | null
}

export type AlarmField = 'name' | 'value' | 'deadband' | 'device_id' | 'after_s' | 'on_delay_s'

const LONGEST_S = 86_400
const SHORTEST_SILENCE_S = 10
const MOST_NAME_CHARS = 60
const FIRST_VALUE: Readonly<Record<FormKind, string>> = {
  limit: '34',
  rate: '1',
  difference: '3',
  silent: '',
  offline: '',
}

export function isFormKind(kind: WatchKind): kind is FormKind {
  return FORM_KINDS.some((one) => one === kind)
}

/** Tells whether a kind looks at one device. */
export function isOfDevice(kind: WatchKind): kind is 'silent' | 'offline' {
  return kind === 'silent' || kind === 'offline'
}

export function newAlarm(kind: FormKind): AlarmDraft {
  return {
    id: null,
    kind,
    name: '',
    enabled: true,
    quantity: 'temperature',
    comparison: 'above',
    value: FIRST_VALUE[kind],
    deadband: '0.5',
    reference: 'setpoint',
    device_id: '',
    after_s: 600,
    severity: 'warning',
    siren: false,
    on_delay_s: 60,
    off_delay_s: 0,
    hold_off_s: 0,
    repeat_s: null,
    watch: null,
  }
}

/** Returns the form of an alarm that is there. */
export function alarmDraftOf(alarm: Alarm): AlarmDraft {
  const { watch, id = null, ...told } = alarm
  const draft: AlarmDraft = { ...newAlarm('limit'), ...told, id, watch, kind: watch.kind }
  if ('quantity' in watch) {
    draft.quantity = watch.quantity
    draft.comparison = watch.comparison
  }
  if ('deadband' in watch) draft.deadband = String(watch.deadband ?? 0)
  switch (watch.kind) {
    case 'limit':
      draft.value = String(watch.threshold)
      break
    case 'rate':
      draft.value = String(watch.per_minute)
      break
    case 'difference':
      draft.value = String(watch.by)
      draft.reference = watch.reference
      break
    case 'silent':
      draft.after_s = watch.after_s
      draft.device_id = watch.device_id
      break
    case 'offline':
      draft.device_id = watch.device_id
  }
  return draft
}

const numberOf = (text: string): number => parseNumber(text) ?? 0

function watchOf(draft: AlarmDraft): Watch {
  const { kind, quantity, comparison, device_id, after_s, watch } = draft
  const value = numberOf(draft.value)
  const deadband = numberOf(draft.deadband)
  // What no field shows (one sensor of several, the window of a rate) stays as it was written.
  const before = watch?.kind === kind ? watch : {}
  switch (kind) {
    case 'limit':
      return { ...before, kind, quantity, comparison, threshold: value, deadband }
    case 'rate':
      return { ...before, kind, quantity, comparison, per_minute: value }
    case 'difference': {
      // Only the temperature has set-points.
      const reference = quantity === 'temperature' ? draft.reference : 'outside'
      return { kind, quantity, comparison, reference, by: value, deadband }
    }
    case 'silent':
      return { kind, device_id, after_s }
    case 'offline':
      return { kind, device_id }
    default:
      if (watch === null) throw new Error(`no form writes an alarm of the kind ${kind}`)
      return watch
  }
}

/** Returns the alarm as it is sent. */
export function alarmOf(draft: AlarmDraft, otherwise: string): Alarm {
  const { id, enabled, severity, siren, on_delay_s, off_delay_s, hold_off_s, repeat_s } = draft
  return {
    ...(id === null ? {} : { id }),
    name: (draft.name.trim() || otherwise).slice(0, MOST_NAME_CHARS),
    watch: watchOf(draft),
    ...{ severity, siren, enabled, on_delay_s, off_delay_s, hold_off_s, repeat_s },
  }
}

export type WrongAlarm = Partial<Record<AlarmField, MessageKey>>

/** Returns what is wrong with a draft; nothing where it says all that the hub needs. */
export function checkAlarm(draft: AlarmDraft): WrongAlarm {
  const wrong: WrongAlarm = {}
  if (draft.name.trim().length > MOST_NAME_CHARS) wrong.name = 'field.too_long'
  if (!within(draft.on_delay_s, 0)) wrong.on_delay_s = 'alarm.wrong.length'
  if (!isFormKind(draft.kind)) return wrong
  if (isOfDevice(draft.kind)) {
    if (draft.device_id === '') wrong.device_id = 'alarm.wrong.device'
    if (draft.kind === 'silent' && !within(draft.after_s, SHORTEST_SILENCE_S)) {
      wrong.after_s = 'alarm.wrong.length'
    }
    return wrong
  }
  const value = parseNumber(draft.value)
  if (value === null) wrong.value = 'field.number'
  else if (draft.kind !== 'limit' && value <= 0) wrong.value = 'field.range'
  if (draft.kind === 'rate') return wrong
  const deadband = parseNumber(draft.deadband)
  if (deadband === null) wrong.deadband = 'field.number'
  else if (deadband < 0) wrong.deadband = 'field.range'
  return wrong
}

function within(seconds: number, least_s: number): boolean {
  return seconds >= least_s && seconds <= LONGEST_S
}
