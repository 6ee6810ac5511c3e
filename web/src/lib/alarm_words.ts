/** An alarm in sentences: what it looks at, and how patient it is. */

import type { Alarm, Watch, WatchKind } from './alarm_types'
import type { Speech } from './events'
import type { IconName } from './icons'
import { lookOf, shortUnit } from './quantities'

export interface AlarmSpeech extends Pick<Speech, 't' | 'either' | 'number' | 'duration'> {
  unitOf(quantity: string): string
  /** What a sensor or an actuator of the house is called; null where it is no longer there. */
  deviceOf(id: string): string | null
}

export const ALARM_ICONS: Readonly<Record<WatchKind, IconName>> = {
  limit: 'limits',
  rate: 'activity',
  difference: 'swap',
  silent: 'offline',
  offline: 'power',
  age_limit: 'hen',
  expression: 'list',
  test: 'siren',
  standard: 'bell',
}

/** Returns a value with its unit; a span of it has a digit more where the quantity has none. */
function amount(value: number, quantity: string, speech: AlarmSpeech): string {
  const decimals = Number.isInteger(value) ? 0 : Math.max(1, lookOf(quantity).decimals)
  return `${speech.number(value, decimals)}\u00a0${shortUnit(speech.unitOf(quantity))}`.trim()
}

export function sayWatch(watch: Watch, speech: AlarmSpeech): string {
  const { t } = speech
  const device = (id: string): string => speech.deviceOf(id) ?? t('alarm.gone')
  switch (watch.kind) {
    case 'silent':
      return t('alarm.say.silent', {
        device: device(watch.device_id),
        duration: speech.duration(watch.after_s),
      })
    case 'offline':
      return t('alarm.say.offline', { device: device(watch.device_id) })
    case 'expression':
    case 'test':
      return t(`alarm.say.${watch.kind}`)
    case 'standard':
      return speech.either(`alert.${watch.type}`, 'alert.other')
  }
  const { quantity: of, comparison } = watch
  const quantity = speech.either(`quantity.${of}`, 'value.none')
  switch (watch.kind) {
    case 'limit': {
      const said = t(`plan.say.${comparison}`, {
        quantity,
        value: amount(watch.threshold, of, speech),
      })
      const one = watch.device_id ?? null
      return one === null ? said : `${said} · ${device(one)}`
    }
    case 'rate':
      return t(`alarm.say.rate.${comparison}`, {
        quantity,
        value: amount(watch.per_minute, of, speech),
      })
    case 'difference':
      return t(`alarm.say.${watch.reference}.${comparison}`, {
        quantity,
        value: amount(watch.by, of, speech),
      })
    case 'age_limit':
      return t(`alarm.say.age.${comparison}`, { quantity })
  }
}

/** Returns the sentences of an alarm: what it looks at, then how it is told. */
export function sayAlarm(alarm: Alarm, speech: AlarmSpeech): string[] {
  const { t, duration } = speech
  const { watch } = alarm
  const told: string[] = []
  if (alarm.on_delay_s > 0 && watch.kind !== 'test') {
    told.push(t('alarm.say.after', { duration: duration(alarm.on_delay_s) }))
  }
  if ('deadband' in watch && watch.deadband) {
    told.push(t('alarm.say.deadband', { value: amount(watch.deadband, watch.quantity, speech) }))
  }
  if (alarm.repeat_s !== null) {
    told.push(t('alarm.say.repeat', { duration: duration(alarm.repeat_s) }))
  }
  if (alarm.siren) told.push(t('alarm.say.siren'))
  return [sayWatch(watch, speech), told.join(' · ')].filter((line) => line !== '')
}
