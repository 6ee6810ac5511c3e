import { describe, expect, it } from 'vitest'

import type { Does, ScheduleContent } from '@/lib/plan_types'
import { contentOf, doesOf } from '@/lib/schedule_body'
import { checkDraft } from '@/lib/schedule_checks'
import { DRAFT_KINDS, draftOf, newCondition, newDraft, type DraftKind } from '@/lib/schedule_draft'

const FAN = '01a1fbf0-0000-7000-8000-00000000000f'
const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

function content(does: Does): ScheduleContent {
  return {
    name: 'x',
    does,
    enabled: true,
    priority: 3,
    valid_from: null,
    valid_until: '2026-12-31',
    missed: 'once',
    modes: ['growth'],
  }
}

const DAILY = { kind: 'daily', times: ['06:00:00', '16:30:00'], days: [...EVERY_DAY] } as const
const SUNSET = { kind: 'sun', event: 'sunset', offset_s: -1800, days: ['mon'] } as const
const devices = [FAN]
const WHAT_A_FARM_MAY_HAVE: Does[] = [
  {
    kind: 'time_based',
    start: { ...DAILY, times: [...DAILY.times], days: [...EVERY_DAY] },
    duration_s: 90,
    devices,
    level: 50,
  },
  {
    kind: 'time_based',
    start: { ...SUNSET, days: ['mon'] },
    end: { kind: 'daily', times: ['21:00:00'] },
    devices,
    level: 100,
  },
  {
    kind: 'time_based',
    start: { kind: 'cron', expression: '*/5 * * * *' },
    end: { kind: 'cron', expression: '1 * * * *' },
    devices,
    level: 100,
  },
  { kind: 'duration_based', run_s: 60, rest_s: 600, devices, level: 100 },
  {
    kind: 'duration_based',
    run_s: 60,
    rest_s: 600,
    start: { kind: 'daily', times: ['06:00:00'], days: [...EVERY_DAY] },
    repeat: 3,
    devices,
    level: 100,
  },
  {
    kind: 'condition_based',
    conditions: [
      {
        quantity: 'temperature',
        comparison: 'above',
        threshold: 31.5,
        hysteresis: 1,
        for_s: 60,
        device_id: null,
      },
    ],
    combine: 'any',
    longest_s: 3600,
    devices,
    level: 100,
  },
  {
    kind: 'sequence',
    start: { kind: 'daily', times: ['06:00:00'], days: [...EVERY_DAY] },
    steps: [{ device_id: FAN, run_s: 30, rest_s: 5, level: 75 }],
  },
  {
    kind: 'light_curve',
    start: '05:00:00',
    hours: [{ day: 0, value: 23 }],
    devices,
    level: 100,
  },
  {
    kind: 'ventilation_curve',
    m3_h_kg: [{ day: 0, value: 0.8 }],
    capacity_m3_h: 12_000,
    cycle_s: 600,
    devices,
  },
  {
    kind: 'temperature_curve',
    minimum_c: [{ day: -1, value: 32 }],
    maximum_c: [{ day: -1, value: 34 }],
  },
]

describe('the form of a schedule', () => {
  it.each(WHAT_A_FARM_MAY_HAVE.map((does) => [does.kind, does] as const))(
    'gives %s back as it came',
    (_, does) => {
      const draft = draftOf(content(does))
      expect(checkDraft(draft)).toEqual({})
      expect(contentOf(draft, 'other')).toEqual(content(does))
    },
  )

  it.each(DRAFT_KINDS)('begins as one that only wants its devices: %s', (kind) => {
    const draft = newDraft(kind)
    draft.devices = [FAN]
    draft.capacity = '១២០០០'
    draft.steps = [{ device_id: FAN, run_s: 30, rest_s: 0, level: 100 }]
    expect(checkDraft(draft)).toEqual({})
  })

  it('takes Khmer digits', () => {
    const draft = newDraft('condition')
    draft.devices = [FAN]
    draft.conditions = [{ ...newCondition(), threshold: '៣៣.៥' }]
    const does = doesOf(draft)
    expect(does.kind === 'condition_based' && does.conditions[0]?.threshold).toBe(33.5)
  })

  it('calls a schedule without a name by what it does', () => {
    expect(contentOf(newDraft('times'), 'Light: at times').name).toBe('Light: at times')
  })
})

describe('a form is sent back when', () => {
  const changed = (kind: DraftKind, change: (draft: ReturnType<typeof newDraft>) => void) => {
    const draft = newDraft(kind)
    draft.devices = [FAN]
    draft.capacity = '1000'
    change(draft)
    return checkDraft(draft)
  }

  it.each([
    ['no device is chosen', 'times', 'devices', (d) => (d.devices = [])],
    ['no day is chosen', 'times', 'start', (d) => (d.start.days = [])],
    ['no time is given', 'times', 'start', (d) => (d.start.times = [])],
    ['a time is there twice', 'times', 'start', (d) => (d.start.times = ['06:00', '06:00'])],
    ['the length is empty', 'times', 'end', (d) => (d.end.duration_s = Number.NaN)],
    [
      'it ends as it starts',
      'times',
      'end',
      (d) => Object.assign(d.end, { by: 'daily', time: '06:00' }),
    ],
    [
      'sunset comes before itself',
      'sun',
      'end',
      (d) => Object.assign(d.end, { by: 'sunset', offset_s: -60 }),
    ],
    [
      'nothing is typed before sunset, at the end',
      'sun',
      'end',
      (d) => Object.assign(d.end, { by: 'sunset', offset_s: Number.NaN }),
    ],
    [
      'nothing is typed before sunset, at the start',
      'sun',
      'start',
      (d) => Object.assign(d.start, { by: 'sunset', offset_s: Number.NaN }),
    ],
    [
      'a cron has four parts',
      'times',
      'start',
      (d) => Object.assign(d.start, { by: 'cron', expression: '1 2 3 4' }),
    ],
    ['it never rests', 'turns', 'rest_s', (d) => (d.rest_s = 0)],
    [
      'the turns last over a week',
      'turns',
      'repeat',
      (d) => Object.assign(d, { always: false, rest_s: 86_400, repeat: '8' }),
    ],
    [
      'a threshold is a word',
      'condition',
      'conditions',
      (d) => (d.conditions = [{ ...newCondition(), threshold: 'hot' }]),
    ],
    ['no step is there', 'sequence', 'steps', () => undefined],
    [
      'days of age fall',
      'light',
      'curve',
      (d) =>
        (d.curve = [
          { day: '7', value: '18' },
          { day: '0', value: '23' },
        ]),
    ],
    ['a day has 25 hours', 'light', 'curve', (d) => (d.curve = [{ day: '0', value: '25' }])],
    ['nobody said what the fans move', 'air', 'capacity', (d) => (d.capacity = '')],
    [
      'it ends before it begins',
      'times',
      'valid_until',
      (d) => Object.assign(d, { valid_from: '2026-02-01', valid_until: '2026-01-01' }),
    ],
  ] as [string, DraftKind, string, (draft: ReturnType<typeof newDraft>) => unknown][])(
    '%s',
    (_, kind, field, change) => {
      expect(Object.keys(changed(kind, change))).toEqual([field])
    },
  )
})
