import { describe, expect, it } from 'vitest'

import { fieldErrors } from '@/lib/form'
import {
  changesOf,
  checkHouse,
  countBirds,
  dayOn,
  fieldsOf,
  suggestedName,
  suggestedNumber,
  takenNumbers,
  type HouseDraft,
} from '@/lib/houses'
import { provinceOf } from '@/lib/provinces'
import type { HouseCard } from '@/lib/types'

const GOOD: HouseDraft = {
  kind: 'coop',
  name: ' Coop 3 ',
  number: '៤',
  capacity: '៥០០',
  present_count: '',
  chicken_type: ' ',
  crop_type: 'left over from the other kind',
  floor_area_m2: '60,5',
}
const house = (number: number, kind: 'coop' | 'greenhouse', name: string): HouseCard =>
  ({ id: `h${String(number)}`, number, kind, name }) as HouseCard
const HOUSES = [house(1, 'coop', 'Coop 1'), house(5, 'coop', 'Coop 3')]

describe('a new house', () => {
  it('is offered the next number and a name that is free', () => {
    expect(suggestedNumber([])).toBe(1)
    expect(suggestedNumber(HOUSES)).toBe(6)
    expect(suggestedName('coop', HOUSES)).toBe('Coop 4')
    expect(suggestedName('greenhouse', HOUSES)).toBe('Greenhouse 1')
  })

  it('is sent as numbers, Khmer digits and all, without the fields of the other kind', () => {
    expect(checkHouse(GOOD, [1, 2, 3])).toEqual({})
    expect(fieldsOf(GOOD)).toEqual({
      name: 'Coop 3',
      number: 4,
      capacity: 500,
      chicken_type: null,
      crop_type: null,
      floor_area_m2: 60.5,
    })
    const plants = fieldsOf({ ...GOOD, kind: 'greenhouse', crop_type: 'ត្រសក់' })
    expect(plants).toMatchObject({ capacity: null, crop_type: 'ត្រសក់' })
  })

  it.each([
    [{ name: '  ' }, { name: 'field.required' }],
    [{ number: '' }, { number: 'field.required' }],
    [{ number: '2.5' }, { number: 'field.number' }],
    [{ number: '0' }, { number: 'field.range' }],
    [{ number: '២' }, { number: 'manage.number_taken' }],
    [{ capacity: 'many' }, { capacity: 'field.number' }],
    [{ present_count: '-1' }, { present_count: 'field.range' }],
    [{ floor_area_m2: '0' }, { floor_area_m2: 'field.range' }],
  ] as const)('with %j is refused at the field', (changes, wrong) => {
    expect(checkHouse({ ...GOOD, ...changes }, [1, 2, 3])).toEqual(wrong)
  })

  it('may keep its own number', () => {
    expect(takenNumbers(HOUSES, 'h5')).toEqual([1])
  })
})

describe('a house that is changed', () => {
  it('sends only what differs, null where a field was emptied', () => {
    const before = fieldsOf(GOOD)
    expect(changesOf(before, before)).toEqual({})
    expect(changesOf(before, { ...before, capacity: null, name: 'Old coop' })).toEqual({
      capacity: null,
      name: 'Old coop',
    })
  })
})

describe('the birds of a coop', () => {
  const PATH = 'farms/f/houses/h'
  const TODAY = '2026-11-21'

  async function sent(flocks: unknown[], count: number): Promise<unknown[]> {
    const calls: unknown[] = []
    const sender = {
      json: <T>(path: string, request?: { method?: string; body?: unknown }): Promise<T> => {
        if (request !== undefined) calls.push([request.method, path, request.body])
        return Promise.resolve({ items: flocks, next_cursor: null } as T)
      },
    }
    await countBirds(sender, PATH, { count, chicken_type: 'layer' }, TODAY)
    return calls
  }
  const open = { id: 'k', placed_on: '2026-11-01', cleared_on: null }
  const gone = { id: 'j', placed_on: '2026-01-01', cleared_on: '2026-03-01' }

  it('come in as a flock where there is none', async () => {
    const body = { placed_on: TODAY, placed_count: 300, chicken_type: 'layer' }
    expect(await sent([gone], 300)).toEqual([['POST', `${PATH}/flocks`, body]])
    expect(await sent([gone], 0)).toEqual([])
  })

  it('are counted where there are some', async () => {
    const body = { present_count: 290, chicken_type: 'layer' }
    expect(await sent([open, gone], 290)).toEqual([['PATCH', `${PATH}/flocks/k`, body]])
  })

  it('leave with a count of zero, never before they came', async () => {
    const left = (cleared_on: string) => [
      ['PATCH', `${PATH}/flocks/k`, { present_count: 0, cleared_on }],
    ]
    expect(await sent([open], 0)).toEqual(left(TODAY))
    expect(await sent([{ ...open, placed_on: '2026-12-01' }], 0)).toEqual(left('2026-12-01'))
  })
})

describe('the rest', () => {
  it('a day is the one on the farm', () => {
    expect(dayOn(Date.parse('2026-11-20T18:30:00Z'), 'Asia/Phnom_Penh')).toBe('2026-11-21')
  })

  it('a province is known however it was typed', () => {
    expect(provinceOf('Siem Reap')).toBe('siem_reap')
    expect(provinceOf(' kandal ')).toBe('kandal')
    expect(provinceOf('ចេក')).toBeNull()
    expect(provinceOf(null)).toBeNull()
  })

  it('what the server finds wrong is told at its field', () => {
    const errors = [
      { field: 'body.capacity', code: 'greater_than_equal' },
      { field: 'body.name', code: 'string_too_long' },
      { field: 'body.number', code: 'something_new' },
    ]
    expect(fieldErrors(errors)).toEqual({
      capacity: 'field.range',
      name: 'field.too_long',
      number: 'field.invalid',
    })
  })
})
