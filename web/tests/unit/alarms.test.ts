import { describe, expect, it } from 'vitest'

import { alarmDraftOf, alarmOf, checkAlarm, FORM_KINDS, newAlarm } from '@/lib/alarm_draft'
import type { Alarm, Watch } from '@/lib/alarm_types'
import { sayAlarm, type AlarmSpeech } from '@/lib/alarm_words'
import { fill } from '@/lib/i18n'
import { alarm as words } from '@/messages/en/alarm'
import { farm } from '@/messages/en/farm'
import { plan } from '@/messages/en/plan'

const all: Record<string, string> = { ...farm, ...plan, ...words }
const speech: AlarmSpeech = {
  t: (key, values = {}) => fill(all[key] ?? key, values),
  either: (key, otherwise) => all[key] ?? all[otherwise] ?? '',
  number: (value, decimals = 0) => value.toFixed(decimals),
  duration: (seconds) => `${seconds} s`,
  unitOf: () => '°C',
  deviceOf: (id) => (id === 's1' ? 'Sensor 1' : null),
}

const alarm = (watch: Watch, changes: Partial<Alarm> = {}): Alarm => ({
  id: 'a1',
  name: 'An alarm',
  watch,
  severity: 'warning',
  on_delay_s: 60,
  off_delay_s: 30,
  hold_off_s: 3600,
  repeat_s: null,
  siren: false,
  enabled: true,
  ...changes,
})

const WATCHES: Watch[] = [
  {
    kind: 'limit',
    quantity: 'co2',
    comparison: 'above',
    threshold: 1200.5,
    deadband: 50,
    device_id: 's1',
  },
  {
    kind: 'rate',
    quantity: 'temperature',
    comparison: 'below',
    per_minute: 0.5,
    window_s: 900,
    device_id: null,
  },
  {
    kind: 'difference',
    quantity: 'temperature',
    comparison: 'above',
    reference: 'setpoint',
    by: 3,
    deadband: 0.5,
  },
  { kind: 'silent', device_id: 's1', after_s: 600 },
  { kind: 'offline', device_id: 's1' },
  {
    kind: 'age_limit',
    quantity: 'temperature',
    comparison: 'above',
    curve: [{ day: 1, value: 35 }],
    deadband: 1,
  },
  { kind: 'expression', expression: 'temperature > 30' },
  { kind: 'test', at: { kind: 'daily' }, lasts_s: 30 },
  { kind: 'standard', type: 'water_low' },
]

describe('the form of an alarm', () => {
  it.each(WATCHES.map((watch) => [watch.kind, watch] as const))(
    'of the kind %s sends back what it was filled with',
    (_, watch) => {
      const whole = alarm(watch, { repeat_s: 1800, siren: true })
      expect(alarmOf(alarmDraftOf(whole), '')).toEqual(whole)
    },
  )

  it('of a new limit can be sent as it is, and is called what it looks at', () => {
    const draft = newAlarm('limit')
    expect(checkAlarm(draft)).toEqual({})
    expect(alarmOf(draft, 'Too hot')).toMatchObject({
      name: 'Too hot',
      watch: { kind: 'limit', threshold: 34, deadband: 0.5 },
      on_delay_s: 60,
    })
  })

  it('takes Khmer digits', () => {
    const watch = alarmOf({ ...newAlarm('limit'), value: '៣៣.៥' }, 'x').watch
    expect(watch).toMatchObject({ threshold: 33.5 })
  })

  it('compares with outside what has no set-points', () => {
    const watch = alarmOf({ ...newAlarm('difference'), quantity: 'co2' }, 'x').watch
    expect(watch).toMatchObject({ reference: 'outside' })
  })

  it('says which field is wrong', () => {
    expect(checkAlarm({ ...newAlarm('limit'), value: 'hot' })).toEqual({ value: 'field.number' })
    expect(checkAlarm({ ...newAlarm('limit'), value: '-5' })).toEqual({})
    expect(checkAlarm({ ...newAlarm('rate'), value: '-5' })).toEqual({ value: 'field.range' })
    expect(checkAlarm({ ...newAlarm('limit'), deadband: '-1' })).toEqual({
      deadband: 'field.range',
    })
    expect(checkAlarm({ ...newAlarm('limit'), on_delay_s: Number.NaN })).toEqual({
      on_delay_s: 'alarm.wrong.length',
    })
    expect(checkAlarm(newAlarm('silent'))).toEqual({ device_id: 'alarm.wrong.device' })
    expect(checkAlarm({ ...newAlarm('silent'), device_id: 's1', after_s: 5 })).toEqual({
      after_s: 'alarm.wrong.length',
    })
    expect(checkAlarm({ ...newAlarm('limit'), name: 'x'.repeat(61) })).toEqual({
      name: 'field.too_long',
    })
  })
})

describe('an alarm in words', () => {
  it('says what it looks at and how patient it is', () => {
    const watch: Watch = {
      kind: 'limit',
      quantity: 'temperature',
      comparison: 'above',
      threshold: 33.5,
      deadband: 0.5,
    }
    expect(sayAlarm(alarm(watch, { siren: true }), speech)).toEqual([
      'Temperature above 33.5\u00a0°C',
      'after 60 s · over when back by 0.5\u00a0°C · with the siren',
    ])
  })

  it.each(WATCHES.map((watch) => [watch.kind, watch] as const))(
    'of the kind %s leaves no hole',
    (_, watch) => {
      const said = sayAlarm(alarm(watch), speech).join(' ')
      expect(said).not.toMatch(/[{}]|alarm\.|undefined/)
      expect(said.length).toBeGreaterThan(10)
    },
  )

  it('says of a device that is gone that it is gone', () => {
    const said = sayAlarm(alarm({ kind: 'offline', device_id: 'was' }), speech)
    expect(said[0]).toBe('a device that is gone: offline')
  })

  it('has a card for every kind that the form writes', () => {
    for (const kind of FORM_KINDS) expect(all).toHaveProperty([`alarm.kind_help.${kind}`])
  })
})
