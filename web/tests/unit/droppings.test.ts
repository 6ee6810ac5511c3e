import { describe, expect, it } from 'vitest'

import { lookOf, secondOf, shrunk, sureOf, withOne } from '@/lib/droppings'
import { farm as en } from '@/messages/en/farm'
import { farm as km } from '@/messages/km/farm'
import { detection } from './detections'

describe('what a photograph looks like on the screen', () => {
  it('warns only where the models are sure enough to warn', () => {
    expect(lookOf({ disease: 'newcastle', alert: true })).toBe('suspicious')
    expect(lookOf({ disease: 'newcastle', alert: false })).toBe('perhaps')
    expect(lookOf({ disease: 'healthy', alert: false })).toBe('healthy')
    expect(lookOf({ disease: 'unknown', alert: false })).toBe('unknown')
  })

  it('is never wholly sure', () => {
    expect([0.4, 0.936, 0.9999, 1].map((confidence) => sureOf({ confidence }))).toEqual([
      40, 94, 99, 99,
    ])
  })
})

describe('what to do about a warning', () => {
  it.each([
    ['en', en, 'call a vet'],
    ['km', km, 'ហៅពេទ្យសត្វ'],
  ])('is to call a vet and have a laboratory look, and names no dose, in %s', (_, words, vet) => {
    for (const key of ['todo.dropping_suspicious', 'todo.flock_suspicious'] as const) {
      expect(words[key].toLowerCase()).toContain(vet)
      expect(words[key]).toContain('PCR')
      expect(words[key]).not.toMatch(/\p{Nd}/u)
    }
  })
})

describe('a second opinion', () => {
  const first = detection('a', '2026-11-21T07:00:00Z', { disease: 'newcastle', alert: true })
  const second = { disease: 'newcastle', confidence: 0.9, alert: true, agrees: true } as const

  it('is none where nobody has looked again, or the same models have', () => {
    expect(secondOf(first)).toBeNull()
    expect(secondOf({ ...first, second_opinion: { ...second, models: 'of the hub' } })).toBe(
      'same_models',
    )
  })

  it('says whether other models see the same', () => {
    const other = { ...second, models: 'of the cloud' }
    expect(secondOf({ ...first, second_opinion: other })).toBe('agrees')
    expect(secondOf({ ...first, second_opinion: { ...other, agrees: false } })).toBe('differs')
  })
})

describe('the list of photographs', () => {
  const old = detection('a', '2026-11-21T07:00:00Z')
  const young = detection('b', '2026-11-21T08:00:00Z')

  it('puts a new one first', () => {
    expect(withOne([old], young).map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('shows one that was marked in its place, once', () => {
    const list = withOne([young, old], { ...old, right: true })
    expect(list.map(({ id, right }) => [id, right])).toEqual([
      ['b', null],
      ['a', true],
    ])
  })
})

describe('a photograph on its way', () => {
  it('goes as it is where it is small', async () => {
    const file = new Blob(['a picture'])
    expect(await shrunk(file)).toBe(file)
  })

  it('goes as it is where the phone can’t read it: the server says why', async () => {
    const file = new Blob(['x'.repeat(1_000_001)])
    expect(await shrunk(file)).toBe(file)
  })
})
