import { describe, expect, it } from 'vitest'

import {
  advice,
  awaited,
  fansOf,
  isFewer,
  shiftKey,
  tellsFans,
  type Decision,
  type Recommendation,
} from '@/lib/autopilot'
import { judged, stepOf, type Trained } from '@/lib/training'

const decision: Decision = {
  t: '2026-03-01T00:00:00Z',
  shift_k: 0,
  fan_share: 1,
  advised_k: 0.5,
  advised_share: 1,
  refused: null,
  trouble: null,
  fresh: true,
  held: { temperature_min_c: 22, temperature_max_c: 30, fan_share: 1 },
  advised: { temperature_min_c: 22.5, temperature_max_c: 30.5, fan_share: 1 },
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
    expect(advice(view, 8)).toEqual({ advised_k: 0.5, advised_share: 1 })
  })

  it('is nothing where nobody asks, where it is old, or where it was said already', () => {
    expect(advice({ ...view, mode: 'auto' }, 8)).toBeNull()
    expect(advice({ ...view, decision: { ...decision, fresh: false } }, 8)).toBeNull()
    expect(advice({ ...view, decision: { ...decision, advised_k: null } }, 8)).toBeNull()
    expect(advice({ ...view, accepted: { shift_k: 0.5, fan_share: 1, until: '' } }, 8)).toBeNull()
  })

  it('is nothing where the set-points would stay as they are', () => {
    expect(advice({ ...view, decision: { ...decision, advised_k: 0.01 } }, 8)).toBeNull()
  })

  it('is fewer fans alone, too, where that lets any of them rest', () => {
    const fans = (advised_share: number | null) => ({
      ...view,
      decision: { ...decision, advised_k: 0, advised_share },
    })
    expect(advice(fans(0.25), 8)).toEqual({ advised_k: 0, advised_share: 0.25 })
    expect(advice(fans(0.25), null)).toEqual({ advised_k: 0, advised_share: 0.25 })
    expect(advice(fans(0.25), 1)).toBeNull()
    expect(advice(fans(0.9), 8)).toBeNull()
    expect(advice(fans(null), 8)).toBeNull()
    const accepted = { shift_k: 0, fan_share: 0.25, until: '' }
    expect(advice({ ...fans(0.24), accepted }, 8)).toBeNull()
    expect(advice({ ...fans(0.26), accepted }, 8)).toEqual({ advised_k: 0, advised_share: 0.26 })
    expect(advice({ ...fans(1), accepted }, 8)).toEqual({ advised_k: 0, advised_share: 1 })
    // A control box that knows of no shares has all of them run.
    expect(advice({ ...fans(null), accepted }, 8)).toEqual({ advised_k: 0, advised_share: null })
  })

  it('is the way back where what was accepted is no longer advised', () => {
    const back = { ...view, accepted: { shift_k: 0.5, fan_share: 1, until: '' } }
    const found = advice({ ...back, decision: { ...decision, advised_k: 0 } }, 8)
    expect(found).toEqual({ advised_k: 0, advised_share: 1 })
  })
})

describe('a part of the fans', () => {
  it.each([
    [0.1, 1, 1],
    [0.1, 8, 1],
    [0.25, 8, 2],
    [0.26, 8, 3],
    [0.7, 10, 7],
    [1, 8, 8],
    [0.5, 0, 0],
  ])('is counted as the control box does: %d of %d are %d', (share, fans, count) => {
    expect(fansOf(share, fans)).toBe(count)
  })

  it('is fewer where one rests, and where nobody knows how many there are by its percents', () => {
    expect([isFewer(0.25, 8), isFewer(0.9, 8), isFewer(0.1, 1), isFewer(0.1, 0)]).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect([isFewer(0.9, null), isFewer(0.999, null)]).toEqual([true, false])
  })

  it('is told where fewer run, are advised or were agreed to, and else not', () => {
    const held = { ...decision.held, fan_share: 0.5 }
    expect(tellsFans(view, 8)).toBe(false)
    expect(tellsFans({ ...view, decision: null }, 8)).toBe(false)
    expect(tellsFans({ ...view, decision: { ...decision, held } }, 8)).toBe(true)
    expect(tellsFans({ ...view, decision: { ...decision, advised: held } }, 8)).toBe(true)
    const accepted = { shift_k: 0, fan_share: 0.5, until: '' }
    expect(tellsFans({ ...view, accepted }, 8)).toBe(true)
  })
})

describe('how a shift is said', () => {
  it('is warmer, cooler, or as people set it', () => {
    expect([0.5, -0.5, 0.01].map((shift_k) => shiftKey(shift_k, false))).toEqual([
      'autopilot.warmer',
      'autopilot.cooler',
      'autopilot.as_set',
    ])
  })

  it('is not as people set it where it has fewer fans run', () => {
    expect(shiftKey(0, true)).toBe('autopilot.fewer_fans')
    expect(shiftKey(0.5, true)).toBe('autopilot.warmer')
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
