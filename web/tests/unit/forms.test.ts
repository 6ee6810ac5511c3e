import { describe, expect, it } from 'vitest'

import { Cache, type Shelf } from '@/lib/cache'
import { contactError, contactFields, fieldErrors, passwordError } from '@/lib/form'
import { checkSetPoints } from '@/lib/setpoints'

const GOOD = {
  temperature_min_c: 22,
  temperature_max_c: 30,
  temperature_hard_max_c: 35,
  water_low_percent: 20,
  water_full_percent: 90,
}

describe('limits', () => {
  it('that make sense pass', () => {
    expect(checkSetPoints(GOOD)).toEqual({})
  })

  it.each([
    [{ temperature_max_c: 22.5 }, { temperature_max_c: 'setpoints.order_max' }],
    [{ temperature_hard_max_c: 30 }, { temperature_hard_max_c: 'setpoints.order_hard' }],
    [{ water_full_percent: 20 }, { water_full_percent: 'setpoints.order_water' }],
    [{ temperature_min_c: null }, { temperature_min_c: 'field.number' }],
    [{ water_low_percent: -1 }, { water_low_percent: 'setpoints.range' }],
    [{ temperature_hard_max_c: 61 }, { temperature_hard_max_c: 'setpoints.range' }],
  ])('%j are refused with words', (changes, wrong) => {
    expect(checkSetPoints({ ...GOOD, ...changes })).toEqual(wrong)
  })
})

describe('a contact', () => {
  it.each(['012345678', '០១២ ៣៤៥ ៦៧៨', '+855 12 345 678', 'sokha@example.com'])(
    '%s passes',
    (text) => {
      expect(contactError(text)).toBeNull()
    },
  )

  it.each([
    ['', 'field.required'],
    ['12', 'field.contact'],
    ['sokha@', 'field.contact'],
  ])('%j does not', (text, key) => {
    expect(contactError(text)).toBe(key)
  })

  it('that nobody has proved is told of where it was typed', () => {
    const errors = [{ field: 'body.phone', code: 'unproved' }]
    expect(fieldErrors(errors)).toEqual({ phone: 'members.unproved' })
  })

  it('goes out as what it is', () => {
    expect(contactFields(' ០១២ ៣៤៥ ៦៧៨ ')).toEqual({ phone: '012345678' })
    expect(contactFields('a@b.kh')).toEqual({ email: 'a@b.kh' })
  })
})

describe('a password', () => {
  it('has eight characters at least', () => {
    expect(passwordError('1234567')).toBe('field.password_short')
    expect(passwordError('12345678')).toBeNull()
  })
})

class MapShelf implements Shelf {
  kept = new Map<string, string>()
  full = false
  get length(): number {
    return this.kept.size
  }
  getItem = (name: string): string | null => this.kept.get(name) ?? null
  key = (index: number): string | null => [...this.kept.keys()][index] ?? null
  removeItem = (name: string): void => void this.kept.delete(name)
  setItem = (name: string, text: string): void => {
    if (this.full) throw new Error('QuotaExceededError')
    this.kept.set(name, text)
  }
}

describe('what the phone saw last', () => {
  it('comes back with its age', () => {
    const cache = new Cache({ shelf: new MapShelf(), now: () => 5 })
    cache.write('f1.houses', [1])
    expect(cache.read('f1.houses')).toEqual({ at_ms: 5, value: [1] })
  })

  it('is bounded, the oldest goes first', () => {
    const shelf = new MapShelf()
    let now = 0
    const cache = new Cache({ shelf, now: () => (now += 1) })
    for (let house = 0; house < 40; house += 1) cache.write(`house.${String(house)}`, house)
    expect(shelf.length).toBe(24)
    expect(cache.read('house.0')).toBeNull()
    expect(cache.read('house.39')).not.toBeNull()
  })

  it('is forgotten with the log-out, the rest stays', () => {
    const shelf = new MapShelf()
    shelf.setItem('tokkatot.language', 'km')
    const cache = new Cache({ shelf, now: () => 1 })
    cache.write('f1.farm', {})
    cache.write('f1.houses', [])
    cache.clear()
    expect([...shelf.kept.keys()]).toEqual(['tokkatot.language'])
  })

  it('costs nothing but itself where there is no room, no storage, or garbage', () => {
    const shelf = new MapShelf()
    shelf.full = true
    expect(() => new Cache({ shelf, now: () => 1 }).write('a', 1)).not.toThrow()
    expect(new Cache({ shelf: null, now: () => 1 }).read('a')).toBeNull()
    shelf.kept.set('tokkatot.seen.a', '{')
    expect(new Cache({ shelf, now: () => 1 }).read('a')).toBeNull()
  })
})
