import { ref, type Ref } from 'vue'
import { expect, test } from 'vitest'

import { Frames, type Shown } from '@/lib/frames'
import type { ServerFrame } from '@/lib/frame_types'
import type { Alert, Command, HouseCard, HouseState } from '@/lib/types'

function alert(id: string, state: Alert['state']): Alert {
  return {
    id,
    state,
    house_id: null,
    severity: 'critical',
    raised_at: '2026-06-01T00:00:00Z',
    cleared_at: null,
  } as Alert
}

const shown = (...value: Alert[]): Shown<Alert[]> => ({ value, at_ms: 0, cached: false })

function listening() {
  const alerts = ref<Shown<Alert[]> | null>(null)
  const houses: Record<string, Shown<HouseState>> = {}
  const nothing = (): void => undefined
  const frames = new Frames({
    houses: ref<Shown<HouseCard[]> | null>(null),
    states: houses,
    alerts,
    now: () => 0,
    unknown: nothing,
    command: nothing,
    run: nothing,
    detection: nothing,
    not_taken: nothing,
    told: nothing,
    changed: nothing,
  })
  return { frames, alerts, houses }
}

const TWO_DAYS_AGO = '2026-05-30T00:00:00.000Z'
const T = Date.parse('2026-06-01T00:00:00Z')

/** A coop with one fan, as the server tells it at a number of its news. */
function coop(seq: number, actual: number): Shown<HouseState> {
  const fan = { device_id: 'fan', actual, actual_t: null, command: null }
  const state = { seq, readings: [], sensors: [], actuators: [fan], live_t: TWO_DAYS_AGO }
  return { value: state as unknown as HouseState, at_ms: 0, cached: false }
}

const fan = (seq: number, actual: number): ServerFrame => ({
  type: 'device.state',
  farm: 'f',
  seq,
  t: T,
  data: {
    house_id: 'h',
    device_id: 'fan',
    actual,
    target: actual,
    online: true,
    why: null,
    error: null,
    t: T,
  },
})

const order = (seq: number, state: Command['state']): ServerFrame => ({
  type: 'command.status',
  farm: 'f',
  seq,
  t: T,
  data: { id: 'c', device_id: 'fan', state, requested_at: TWO_DAYS_AGO } as Command,
})

const states = (alerts: Ref<Shown<Alert[]> | null>): Record<string, string> =>
  Object.fromEntries((alerts.value?.value ?? []).map(({ id, state }) => [id, state]))

test('what changed while a list was fetched stands over the list', () => {
  const { frames, alerts } = listening()
  alerts.value = shown(alert('heat', 'unacknowledged'), alert('dust', 'unacknowledged'))
  frames.alert(alert('dust', 'acknowledged'))
  const mark = frames.mark()
  frames.alert(alert('heat', 'acknowledged'))
  alerts.value = shown(alert('heat', 'unacknowledged'), alert('dust', 'unacknowledged'))
  frames.again(mark)
  expect(states(alerts)).toEqual({ heat: 'acknowledged', dust: 'unacknowledged' })
})

test('what was over while a list was fetched does not come back with it', () => {
  const { frames, alerts } = listening()
  const mark = frames.mark()
  frames.alert(alert('heat', 'normal'))
  alerts.value = shown(alert('heat', 'unacknowledged'))
  frames.again(mark)
  expect(states(alerts)).toEqual({})
})

test('only the newest changes are remembered, and none of another farm', () => {
  const { frames, alerts } = listening()
  const mark = frames.mark()
  for (let n = 0; n < 600; n += 1) frames.alert(alert(`${n}`, 'unacknowledged'))
  alerts.value = shown()
  frames.again(mark)
  expect(Object.keys(states(alerts))).toHaveLength(512)
  frames.clear()
  alerts.value = shown()
  frames.again(mark)
  expect(states(alerts)).toEqual({})
})

test('what a device said while its house was fetched stands over the house', () => {
  const { frames, houses } = listening()
  houses['h'] = coop(9, 0)
  const mark = frames.mark()
  frames.take(fan(11, 100))
  houses['h'] = coop(10, 0)
  frames.again(mark)
  expect(houses['h'].value.actuators[0]?.actual).toBe(100)
})

test('what became of an order while its house was fetched stands over the house', () => {
  const { frames, houses } = listening()
  houses['h'] = coop(9, 0)
  const mark = frames.mark()
  frames.take(order(11, 'completed'))
  houses['h'] = coop(10, 0)
  frames.again(mark)
  expect(houses['h'].value.actuators[0]?.command?.state).toBe('completed')
})

test('news from before a house was fetched does not undo it', () => {
  const { frames, houses } = listening()
  const mark = frames.mark()
  frames.take(fan(11, 100))
  frames.take(order(12, 'executing'))
  houses['h'] = coop(20, 0)
  frames.again(mark)
  expect(houses['h'].value.actuators[0]).toMatchObject({ actual: 0, command: null })
})

test('a snapshot does not say that a silent hub was heard', () => {
  const { frames, houses } = listening()
  houses['h'] = coop(9, 0)
  const house = { readings: [], actuators: [] }
  frames.take({ type: 'snapshot', farm: 'f', t: T, data: { houses: { h: house } } })
  expect(houses['h'].value.live_t).toBe(TWO_DAYS_AGO)
})
