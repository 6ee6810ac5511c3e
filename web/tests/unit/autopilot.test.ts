import { describe, expect, it } from 'vitest'

import { advice, awaited, shiftKey, type Decision, type Recommendation } from '@/lib/autopilot'
import { judged, stepOf, type Trained } from '@/lib/training'

const decision: Decision = {
  t: '2026-03-01T00:00:00Z',
  shift_k: 0,
  advised_k: 0.5,
  refused: null,
  trouble: null,
  fresh: true,
  held: { temperature_min_c: 22, temperature_max_c: 30 },
  advised: { temperature_min_c: 22.5, temperature_max_c: 30.5 },
}
const view: Recommendation = {
  mode: 'advise',
  supported: true,
  policy: { id: 'x', version: 'v', limits: [] },
  decision,
  accepted: null,
  temperature_min_c: 22,
  temperature_max_c: 30,
  held: true,
  validated: false,
}

describe('what there is to say yes to', () => {
  it('is what is advised now', () => {
    expect(advice(view)).toBe(0.5)
  })

  it('is nothing where nobody asks, where it is old, or where it was said already', () => {
    expect(advice({ ...view, mode: 'auto' })).toBeNull()
    expect(advice({ ...view, decision: { ...decision, fresh: false } })).toBeNull()
    expect(advice({ ...view, decision: { ...decision, advised_k: null } })).toBeNull()
    expect(advice({ ...view, accepted: { shift_k: 0.5, until: '' } })).toBeNull()
  })

  it('is nothing where the set-points would stay as they are', () => {
    expect(advice({ ...view, decision: { ...decision, advised_k: 0.01 } })).toBeNull()
  })

  it('is the way back where what was accepted is no longer advised', () => {
    const back = { ...view, accepted: { shift_k: 0.5, until: '' } }
    expect(advice({ ...back, decision: { ...decision, advised_k: 0 } })).toBe(0)
  })
})

describe('how a shift is said', () => {
  it('is warmer, cooler, or as people set it', () => {
    expect([shiftKey(0.5), shiftKey(-0.5), shiftKey(0.01)]).toEqual([
      'autopilot.warmer',
      'autopilot.cooler',
      'autopilot.as_set',
    ])
  })
})

describe('news that does not come by itself', () => {
  it('is awaited until the hub has taken the mode and decided', () => {
    expect(awaited(null)).toBe(false)
    expect(awaited(view)).toBe(false)
    expect(awaited({ ...view, held: false })).toBe(true)
    expect(awaited({ ...view, decision: null })).toBe(true)
    expect(awaited({ ...view, mode: 'off', decision: null })).toBe(false)
  })
})

describe('a program that is learned for a house', () => {
  it('waits, learns, and is judged by what it never saw', () => {
    const steps = (['queued', 'running', 'running', 'completed'] as const).map((state, index) =>
      stepOf({ state, progress: [0, 0.69, 0.7, 1][index] ?? 0 }),
    )
    expect(steps).toEqual(['queued', 'learning', 'judging', null])
    expect(stepOf(null)).toBeNull()
  })

  it('is held against the rules alone, in what both were measured by', () => {
    const figure = (controller: string, name: string, mean: number) => ({
      controller,
      name,
      value: { mean },
    })
    const trained: Trained = {
      policy: { id: 'x', version: 'v' },
      days: 12,
      held_out: [
        {
          figures: [
            figure('policy', 'heat_stress', 20),
            figure('policy', 'electricity', 3),
            figure('rules', 'heat_stress', 31),
          ],
        },
      ],
    }
    const told = { name: 'heat_stress', policy: 20, rules: 31, unit: 'h' }
    expect(judged(trained)).toEqual([{ ...told, tuned: undefined }])
    const figures = [...(trained.held_out[0]?.figures ?? []), figure('tuned', 'heat_stress', 19)]
    expect(judged({ ...trained, held_out: [{ figures }] })).toEqual([{ ...told, tuned: 19 }])
    expect(judged({ ...trained, held_out: [] })).toEqual([])
  })
})
