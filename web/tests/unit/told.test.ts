import { describe, expect, it } from 'vitest'

import { mayRest, rests } from '@/lib/live'
import { arranged, asRead, countOf, type Message } from '@/lib/messages'
import type { Alert } from '@/lib/types'

const T = Date.parse('2026-11-21T07:00:00Z')
const at = (minutes: number): string => new Date(T + minutes * 60_000).toISOString()

const message = (id: string, changes: Partial<Message> = {}): Message => ({
  id,
  farm_id: 'f1',
  alert_id: `alert-${id}`,
  kind: 'alert',
  importance: 'important',
  t: at(0),
  what: 'Too hot',
  farm: 'Kandal',
  house: 'Coop 1',
  device: null,
  value: null,
  when: null,
  advice: 'Look',
  picture: null,
  read_at: null,
  ...changes,
})
const ids = (messages: readonly Message[]): string[] => messages.map(({ id }) => id)

describe('the message centre', () => {
  it('shows urgent ones that nobody has read first, however old', () => {
    const old = message('old', { importance: 'urgent', t: at(-900) })
    const young = message('young', { importance: 'urgent', t: at(1) })
    const seen = message('seen', { importance: 'urgent', read_at: at(2) })
    const { first, rest } = arranged([old], [young, message('usual'), seen])
    expect(ids(first)).toEqual(['young', 'old'])
    expect(ids(rest)).toEqual(['usual', 'seen'])
  })

  it('shows no message twice', () => {
    const one = message('one', { importance: 'urgent' })
    const { first, rest } = arranged([one], [one])
    expect([ids(first), ids(rest)]).toEqual([['one'], []])
  })

  it('reads one message, or all, and keeps when another was read', () => {
    const list = [message('a'), message('b', { read_at: at(1) }), message('c')]
    expect(asRead(list, 'a', at(5)).map(({ read_at }) => read_at)).toEqual([at(5), at(1), null])
    expect(asRead(list, null, at(5)).map(({ read_at }) => read_at)).toEqual([at(5), at(1), at(5)])
  })

  it('counts what is unread of every importance', () => {
    expect(countOf({ urgent: 1, important: 20, info: 300 })).toBe(321)
  })
})

describe('an alert that people let rest', () => {
  const alert = (changes: Partial<Alert>): Alert =>
    ({ type: 'water_low', house_id: 'h1', cleared_at: null, ...changes }) as Alert

  it('rests until its end and no longer', () => {
    const resting = alert({ shelved_until: at(60) })
    expect([rests(resting, T), rests(resting, T + 3_600_000)]).toEqual([true, false])
    expect(rests(alert({}), T)).toBe(false)
  })

  it('is none that kills within minutes, none of the cloud, and none that is over', () => {
    expect(mayRest(alert({}))).toBe(true)
    expect(mayRest(alert({ type: 'temperature_hard_limit' }))).toBe(false)
    expect(mayRest(alert({ type: 'hub_offline', house_id: null }))).toBe(false)
    expect(mayRest(alert({ cleared_at: at(1) }))).toBe(false)
  })
})
