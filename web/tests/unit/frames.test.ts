import { ref, type Ref } from 'vue'
import { expect, test } from 'vitest'

import { Frames, type Shown } from '@/lib/frames'
import type { Alert, HouseCard } from '@/lib/types'

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

function listening(): { frames: Frames; alerts: Ref<Shown<Alert[]> | null> } {
  const alerts = ref<Shown<Alert[]> | null>(null)
  const nothing = (): void => undefined
  const frames = new Frames({
    houses: ref<Shown<HouseCard[]> | null>(null),
    states: {},
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
  return { frames, alerts }
}

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
  for (let n = 0; n < 300; n += 1) frames.alert(alert(`${n}`, 'unacknowledged'))
  alerts.value = shown()
  frames.again(mark)
  expect(Object.keys(states(alerts))).toHaveLength(256)
  frames.clear()
  alerts.value = shown()
  frames.again(mark)
  expect(states(alerts)).toEqual({})
})
