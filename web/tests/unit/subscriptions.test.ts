import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import {
  bodyOf,
  draftOf,
  GROUPS,
  groupsOf,
  newDraft,
  typesOf,
  type Subscription,
} from '@/lib/subscriptions'

const found: Subscription = {
  id: 's1',
  farm_id: 'f1',
  types: [],
  least: 'warning',
  quiet_from: '22:00:00',
  quiet_until: '04:30:00',
}

describe('what a person wants to be told of', () => {
  it('is everything of all farms at any hour, unless they say otherwise', () => {
    expect(bodyOf(newDraft(), null)).toEqual({
      farm_id: null,
      least: 'info',
      types: [],
      quiet_from: null,
      quiet_until: null,
    })
  })

  it('is shown as it was written, and sent back the same', () => {
    const draft = draftOf(found)
    expect(draft).toMatchObject({ quiet: true, quiet_from: '22:00', quiet_until: '04:30' })
    expect(bodyOf(draft, found)).toEqual({
      least: 'warning',
      types: [],
      quiet_from: '22:00',
      quiet_until: '04:30',
    })
  })

  it('loses its quiet hours at both ends', () => {
    const body = bodyOf({ ...draftOf(found), quiet: false }, found)
    expect([body['quiet_from'], body['quiet_until']]).toEqual([null, null])
  })

  it('keeps single types that were chosen elsewhere, until groups are chosen', () => {
    const single = { ...found, types: ['water_low'] }
    const draft = draftOf(single)
    expect(draft.groups).toEqual(['water'])
    expect(bodyOf(draft, single)['types']).toEqual(['water_low'])
    const wider = bodyOf({ ...draft, groups: ['water', 'hub'] }, single)['types']
    expect(wider).toContain('data_gap')
    expect(wider).toContain('water_not_rising')
  })

  it('never leaves out what speaks for many', () => {
    expect(typesOf(['water'])).toEqual(
      expect.arrayContaining(['water_low', 'many_devices', 'alarm_flood']),
    )
  })

  it('has a group for every type that the server knows', () => {
    const text = readFileSync('../src/tokkatot/domain/alerts.py', 'utf8')
    const body = /class AlertType\(StrEnum\):([\s\S]*?)\n\n\n/.exec(text)?.[1] ?? ''
    const types = [...body.matchAll(/= "([a-z_]+)"/g)].map(([, type]) => type ?? '')
    const known = new Set(GROUPS.flatMap((group) => typesOf([group])))
    expect(types.length).toBeGreaterThan(10)
    expect(types.filter((type) => !known.has(type))).toEqual([])
    expect(groupsOf([])).toEqual(GROUPS)
  })
})
