// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Day, Days, Growth } from '@/lib/days'
import { loadWords, setLanguage } from '@/lib/i18n'
import type { HouseCard } from '@/lib/types'
import { twin as english } from '@/messages/en/twin'
import { twin as khmer } from '@/messages/km/twin'
import DaysPage from '@/pages/DaysPage.vue'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

const measured: Day = {
  from: '2026-03-01T17:00:00Z',
  temperature_c: 27,
  temperature_min_c: 23,
  temperature_max_c: 33,
  humidity_percent: 71,
  vpd_kpa: 1,
  twin_off_k: null,
  weight_kg: 1.2,
  yield_kg: null,
  predicted_kg: null,
  energy_kwh: 12,
  saved_kwh: null,
  spared_stress_h: null,
  lacking: null,
}
const growth: Growth = {
  quantity: 'weight',
  lacking: null,
  ahead: [{ on: '2026-03-02', kg: 1.3 }],
}
const days: Days = { items: [measured], unrated: [], growth: null }

let app: App | null = null

/** Opens the page of a house's days, of which the farm tells this. */
async function opened(kind: HouseCard['kind'], told: Partial<Days>): Promise<HTMLElement> {
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'json').mockResolvedValue({ ...days, ...told })
  const house = { id: 'h', name: 'One', kind } as HouseCard
  useFarm().houses = { value: [house], at_ms: 0, cached: false }
  const routes = [{ path: '/farms/:farm/houses/:house/:page?', component: DaysPage }]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/farms/f/houses/h/days')
  const root = document.createElement('div')
  app = createApp({ render: () => h(DaysPage) })
    .use(pinia)
    .use(router)
  app.mount(root)
  await vi.waitFor(() => {
    expect(root.querySelector('[data-day]')).not.toBeNull()
  })
  return root
}

beforeAll(() => loadWords('farm', 'twin'))
afterEach(() => {
  app?.unmount()
  app = null
})

describe('the page of a house’s days', () => {
  it.each([
    ['km', khmer],
    ['en', english],
  ] as const)('says in %s how far the model can be trusted', async (language, words) => {
    await setLanguage(language)
    const coop = await opened('coop', { growth })
    expect(coop.querySelector('[data-doubt]')?.textContent?.trim()).toBe(words['twin.doubt.coop'])
    app?.unmount()
    const crops = await opened('greenhouse', { growth })
    expect(crops.querySelector('[data-doubt]')?.textContent?.trim()).toBe(
      words['twin.doubt.greenhouse'],
    )
  })

  it.each([
    ['what was saved', { items: [{ ...measured, saved_kwh: 1 }] }],
    ['what was foretold', { items: [{ ...measured, predicted_kg: 1.1 }] }],
  ])('says it beside %s, too', async (_what, told) => {
    expect((await opened('coop', told)).querySelector('[data-doubt]')).not.toBeNull()
  })

  it('says nothing of a model where all was measured', async () => {
    expect((await opened('coop', {})).querySelector('[data-doubt]')).toBeNull()
  })
})
