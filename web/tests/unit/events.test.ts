import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { tell, type Names, type Speech } from '@/lib/events'
import { duration, number } from '@/lib/formats'
import { fill } from '@/lib/i18n'
import type { FarmEvent } from '@/lib/types'
import { entry } from '@/messages/en/entry'
import { farm } from '@/messages/en/farm'
import { manage } from '@/messages/en/manage'

const words: Record<string, string> = { ...entry, ...farm, ...manage }
const speech: Speech = {
  t: (key, values = {}) => fill(words[key] ?? key, values),
  either: (key, otherwise, values = {}) => fill(words[key] ?? words[otherwise] ?? '', values),
  knows: (key) => key in words,
  number: (value, decimals = 0) => number(value, 'en', decimals),
  percent: (value) => `${String(value)} %`,
  duration: (seconds) => duration(seconds, 'en'),
  deviceName: (name) => name,
  houseName: (name) => name,
}
const names: Names = {
  house: (id) => (id === 'h1' ? 'Coop 1' : null),
  device: (id) => (id === 'd1' ? 'Fan' : null),
  member: (id) => (id === 'm1' ? 'Dara' : null),
}

function said(type: string, given: Partial<FarmEvent> = {}) {
  const event: FarmEvent = {
    id: 'e1',
    t: '2026-11-21T03:00:00Z',
    type,
    severity: 'info',
    house_id: 'h1',
    device_id: null,
    user: { id: 'u1', name: 'Sokha' },
    data: {},
    ...given,
  }
  return tell(event, names, speech)
}

describe('the event log', () => {
  it('says who switched what for how long', () => {
    const data = { action: 'on', value: 100, duration_s: 600, reason: null, origin: 'cloud' }
    expect(said('command.requested', { device_id: 'd1', data })).toEqual({
      icon: 'power',
      text: 'Sokha asked: Fan on for 10\u00a0min',
      detail: null,
    })
  })

  it.each([
    [{ action: 'off', value: 0, duration_s: 600 }, 'off'],
    [{ action: 'set_value', value: 40, duration_s: null }, 'at 40 %'],
    [{ action: 'on', value: null, duration_s: null }, 'on'],
  ])('says the order %j', (data, order) => {
    expect(said('command.requested', { data }).text).toBe(`Sokha asked: a device ${order}`)
  })

  it('says why an order failed, and that it was given at the farm', () => {
    const data = { action: 'on', reason: 'device_timeout', origin: 'farm' }
    expect(said('command.failed', { device_id: 'd1', data }).detail).toBe(
      'The device does not answer. Please look at it. · Switched at the farm',
    )
  })

  it('says which limit was changed, from what to what', () => {
    const data = {
      before: { temperature_min_c: 22, temperature_max_c: 30 },
      after: { temperature_min_c: 22, temperature_max_c: 31.5 },
    }
    expect(said('setpoints.changed', { data }).detail).toBe(
      'Hotter than this: ventilate: 30\u00a0°C → 31.5\u00a0°C',
    )
  })

  it('says an alert with what was measured', () => {
    const data = { alert: 'a1', type: 'temperature_high', threshold: 30, actual: 33.26 }
    expect(said('alert.raised', { user: null, data })).toEqual({
      icon: 'bell',
      text: 'Alert: Too hot',
      detail: '33.3\u00a0°C (limit 30\u00a0°C)',
    })
  })

  it('names a member, their role, and a house that is gone', () => {
    expect(said('member.added', { data: { member: 'm1', role: 'viewer' } })).toMatchObject({
      text: 'Sokha added Dara',
      detail: 'Viewer',
    })
    expect(said('member.removed', { data: { member: 'm9' } }).text).toBe('Sokha removed a member')
    expect(said('house.deleted', { house_id: 'h9', data: { name: 'Coop 9' } }).text).toBe(
      'Sokha deleted Coop 9',
    )
  })

  it('begins with a capital letter whoever it was', () => {
    expect(said('command.completed', { user: null, data: { action: 'on' } }).text).toBe(
      'A device: done, on',
    )
  })

  it.each([null, { id: 'u1', name: '' }, { id: 'u1', name: 'Sokha' }])(
    'says what it has no words for in a neutral sentence (%j)',
    (user) => {
      const data = { secret: 'raw', fields: ['no_such_field'], nested: { a: 1 } }
      const { text, detail } = said('moon.landed', { user, data })
      expect(text).toBe(user?.name ? 'Sokha did something' : 'Something was noted')
      expect(detail).toBeNull()
    },
  )

  it('is not upset by data of another shape', () => {
    const data = { before: null, after: { temperature_min_c: 'warm' }, fields: 'name', count: '5' }
    expect(said('setpoints.changed', { data }).detail).toBeNull()
    expect(said('flock.placed', { data }).text).toBe('Sokha brought in 0 birds')
  })

  it('has words for every event that the cloud records by name', () => {
    const cloud = readdirSync('../src/tokkatot/cloud', { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name.endsWith('.py'))
      .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
      .join('\n')
    const ROOMS =
      'house|farm|zone|flock|crop|member|device|alarms?|alerts?|channel|escalation|retention|setpoints|rules|mode|hub|hub_pin|command|user|password'
    const recorded = [...cloud.matchAll(new RegExp(`"((?:${ROOMS})\\.[a-z_]+)"`, 'g'))].map(
      ([, type]) => type ?? '',
    )
    // These are frames of the live line, and a row that becomes a list instead of an event.
    const others = ['device.state', 'command.status', 'alert.changed', 'device.stranger']
    expect(recorded.length).toBeGreaterThan(25)
    const known = (type: string): boolean => `event.${type}` in manage || others.includes(type)
    expect(recorded.filter((type) => !known(type))).toEqual([])
  })
})
