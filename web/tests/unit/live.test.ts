import { describe, expect, it } from 'vitest'

import {
  byUrgency,
  takeAlert,
  takeCardReadings,
  takeCommand,
  takeDevice,
  takeReadings,
  takeSnapshot,
  worst,
} from '@/lib/live'
import type { Actuator, Alert, Command, HouseCard, HouseState, Reading } from '@/lib/types'

const T = Date.parse('2026-11-21T07:00:00Z')
const at = (seconds: number): string => new Date(T + seconds * 1000).toISOString()

function reading(changes: Partial<Reading> = {}): Reading {
  return {
    device_id: 's1',
    device_name: 'Climate',
    zone: 'main',
    quantity: 'temperature',
    unit: '°C',
    value: 28,
    t: at(0),
    quality: 0,
    stale: true,
    ...changes,
  }
}

function actuator(changes: Partial<Actuator> = {}): Actuator {
  return {
    device_id: 'd1',
    name: 'Pump',
    role: 'water_pump',
    interface: 'relay',
    zone: 'main',
    online: true,
    actual: 0,
    actual_t: at(0),
    target: 0,
    why: null,
    error: null,
    tap_on_s: 600,
    tap_off_s: 1800,
    max_on_s: 1800,
    command: null,
    ...changes,
  }
}

function state(): HouseState {
  return { readings: [reading()], actuators: [actuator()], sensors: [] } as unknown as HouseState
}

function report(actual: number, t: string) {
  return {
    house_id: 'h1',
    device_id: 'd1',
    actual,
    target: actual,
    online: true,
    why: null,
    error: null,
    t,
  }
}

function alert(changes: Partial<Alert> = {}): Alert {
  return {
    id: 'a1',
    house_id: 'h1',
    device_id: null,
    device_name: null,
    type: 'water_low',
    severity: 'warning',
    state: 'unacknowledged',
    threshold: 20,
    actual: 18,
    raised_at: at(0),
    cleared_at: null,
    acknowledged_by: null,
    acknowledged_at: null,
    ...changes,
  }
}

describe('readings', () => {
  it('that are newer are shown, and fresh', () => {
    const house = state()
    expect(takeReadings(house, [['s1', 'temperature', T + 5000, 29, 0]], T + 6000)).toBe(true)
    expect(house.readings[0]).toMatchObject({ value: 29, stale: false, t: at(5) })
  })

  it('of the past never replace the present', () => {
    const house = state()
    takeReadings(house, [['s1', 'temperature', T - 5000, 12, 0]], T + 6000)
    expect(house.readings[0]?.value).toBe(28)
  })

  it('that only repeat the last word of a silent sensor do not make it fresh', () => {
    const house = state()
    takeReadings(house, [['s1', 'temperature', T, 28, 0]], T + 600_000)
    expect(house.readings[0]?.stale).toBe(true)
  })

  it('of an unknown sensor ask for the whole state', () => {
    expect(takeReadings(state(), [['s9', 'co2', T, 800, 0]], T)).toBe(false)
  })

  it('of a hub whose clock was set back are believed in the end', () => {
    const house = state()
    house.readings[0] = reading({ t: at(3600) })
    takeReadings(house, [['s1', 'temperature', T, 25, 0]], T)
    expect(house.readings[0]?.value).toBe(25)
  })
})

describe('a report of a device', () => {
  it('is what is shown', () => {
    const house = state()
    expect(takeDevice(house, report(100, at(2)), T + 2000)).toBe(true)
    expect(house.actuators[0]).toMatchObject({ actual: 100, actual_t: at(2) })
  })

  it('from the past changes nothing', () => {
    const house = state()
    takeDevice(house, report(100, at(-60)), T + 2000)
    expect(house.actuators[0]?.actual).toBe(0)
  })

  it('in a snapshot counts as any other', () => {
    const house = state()
    expect(takeSnapshot(house, { readings: [], actuators: [report(100, at(2))] }, T + 3000)).toBe(
      true,
    )
    expect(house.actuators[0]?.actual).toBe(100)
  })
})

describe('commands', () => {
  it('never give way to an older one', () => {
    const newer = { id: 'c2', device_id: 'd1', requested_at: at(9) } as Command
    const older = { id: 'c1', device_id: 'd1', requested_at: at(1) } as Command
    const devices = [actuator({ command: newer })]
    takeCommand(devices, older)
    expect(devices[0]?.command?.id).toBe('c2')
  })
})

describe('alerts', () => {
  it('come, change and go', () => {
    const alerts: Alert[] = []
    takeAlert(alerts, alert())
    takeAlert(alerts, alert({ state: 'acknowledged' }))
    expect(alerts.map(({ state: held }) => held)).toEqual(['acknowledged'])
    takeAlert(alerts, alert({ state: 'normal', cleared_at: at(9) }))
    expect(alerts).toEqual([])
  })

  it('stand with the worst that is still so first', () => {
    const over = alert({ id: 'over', severity: 'critical', state: 'returned', cleared_at: at(5) })
    const warning = alert({ id: 'warning' })
    const critical = alert({ id: 'critical', severity: 'critical' })
    const order = [over, warning, critical].sort(byUrgency).map(({ id }) => id)
    expect(order).toEqual(['critical', 'warning', 'over'])
    expect(worst([over, warning])).toBe('warning')
    expect(worst([])).toBeNull()
  })
})

describe('a card', () => {
  const card = (device_id: string | null): HouseCard =>
    ({ water: null, temperature: { device_id, value: 28, t: at(0), stale: true } }) as HouseCard

  it('follows the one sensor that speaks for the house', () => {
    const house = card('s1')
    takeCardReadings(house, [['s1', 'temperature', T + 1000, 30, 0]])
    expect(house.temperature).toEqual({ device_id: 's1', value: 30, t: at(1), stale: false })
  })

  it('tells nothing of the weather outside', () => {
    const house = card('s1')
    takeCardReadings(house, [['station', 'temperature', T + 1000, 20, 0]])
    expect(house.temperature?.value).toBe(28)
  })

  it('leaves the choice between several sensors to the server', () => {
    const house = card(null)
    takeCardReadings(house, [['s1', 'temperature', T + 1000, 30, 0]])
    expect(house.temperature?.value).toBe(28)
  })
})
