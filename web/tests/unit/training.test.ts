// @vitest-environment happy-dom
import { createPinia } from 'pinia'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createApp, h, type App } from 'vue'

import TrainCard from '@/components/twin/TrainCard.vue'
import { loadWords, setLanguage } from '@/lib/i18n'
import type { Job } from '@/lib/jobs'
import type { Trained } from '@/lib/training'
import { autopilot as english } from '@/messages/en/autopilot'
import { autopilot as khmer } from '@/messages/km/autopilot'

const figures = ['policy', 'rules'].map((controller) => ({
  controller,
  name: 'heat_stress',
  value: { mean: 20 },
}))

let app: App | null = null

function shown(held_out: Trained['held_out']): HTMLElement {
  const job: Job<Trained> = {
    id: 'j',
    state: 'completed',
    progress: 1,
    trouble: null,
    result: { policy: { id: 'x', version: 'v' }, days: 12, held_out },
    ended_at: '2026-06-01T08:00:00Z',
  }
  const root = document.createElement('div')
  const asked = { zone: 'UTC', busy: false, may_ask: true, may_stop: true, policy_id: null }
  app = createApp({ render: () => h(TrainCard, { job, ...asked }) }).use(createPinia())
  app.mount(root)
  return root
}

beforeAll(() => loadWords('farm', 'twin', 'autopilot'))
afterEach(() => {
  app?.unmount()
  app = null
})

describe('the card of a program that was learned', () => {
  it.each([
    ['km', khmer],
    ['en', english],
  ] as const)(
    'says in %s below its figures what a control box turns of it',
    async (language, words) => {
      await setLanguage(language)
      const told = shown([{ figures }]).querySelector('table ~ [data-one-of-six]')
      expect(told?.textContent?.trim()).toBe(words['autopilot.learn.one_of_six'])
    },
  )

  it('shows fixed limits that were searched for beside it, where there were any', () => {
    const tuned = { controller: 'tuned', name: 'heat_stress', value: { mean: 12 } }
    const cells = (root: HTMLElement) => root.querySelectorAll('[data-row=heat_stress] td')
    const three = shown([{ figures: [...figures, tuned] }])
    expect(cells(three)).toHaveLength(3)
    expect(cells(three)[2]?.textContent).toContain('12')
    expect(three.querySelectorAll('thead th')).toHaveLength(3)
    expect(three.querySelector('[data-tuned]')).not.toBeNull()
    app?.unmount()
    const two = shown([{ figures }])
    expect([cells(two).length, two.querySelectorAll('thead th').length]).toEqual([2, 2])
    expect(two.querySelector('[data-tuned]')).toBeNull()
  })

  it('says nothing of figures that it has not', () => {
    expect(shown([]).querySelector('[data-learned]')).not.toBeNull()
    expect(shown([]).querySelector('[data-one-of-six]')).toBeNull()
  })
})
