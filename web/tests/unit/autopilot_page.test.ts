// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Request } from '@/lib/api'
import type { Decision, Recommendation } from '@/lib/autopilot'
import { loadWords, setLanguage } from '@/lib/i18n'
import { Problem } from '@/lib/problems'
import type { Farm, HouseState, Language } from '@/lib/types'
import AutopilotPage from '@/pages/AutopilotPage.vue'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'
import { settled } from './droppings_page'

const decision: Decision = {
  t: '2026-03-01T00:00:00Z',
  shift_k: 0,
  fan_share: 0.25,
  advised_k: 0,
  advised_share: 0.5,
  refused: null,
  trouble: null,
  fresh: true,
  held: { temperature_min_c: 24, temperature_max_c: 28, fan_share: 0.25 },
  advised: { temperature_min_c: 24, temperature_max_c: 28, fan_share: 0.5 },
}
const view: Recommendation = {
  mode: 'advise',
  supported: true,
  policy: { id: 'x', version: 'v', limits: [] },
  decision,
  accepted: { shift_k: 0, fan_share: 0.25, until: '2026-03-01T04:00:00Z' },
  temperature_min_c: 24,
  temperature_max_c: 28,
  held: true,
  validated: false,
}
const limits = { temperature_min_c: 24, temperature_max_c: 28 }

let app: App | undefined
let root: HTMLElement
let sent: { path: string; request: Request }[]

const said = (mark: string): string | undefined =>
  root.querySelector(`[${mark}]`)?.textContent?.trim()

async function opened(
  shown: Recommendation,
  fans: number | null,
  language: Language = 'en',
): Promise<void> {
  await loadWords('farm', 'twin', 'autopilot')
  await setLanguage(language)
  const pinia = createPinia()
  setActivePinia(pinia)
  sent = []
  vi.spyOn(useSession().api, 'json').mockImplementation((path: string, request: Request = {}) => {
    if (request.method !== undefined) sent.push({ path, request })
    return Promise.resolve((path.endsWith('/train') ? { asked: null } : shown) as never)
  })
  const farm = useFarm()
  farm.farm = { id: 'f', role: 'manager', time_zone: 'Asia/Phnom_Penh' } as Farm
  farm.link = 'live'
  if (fans !== null) {
    const roles = ['heater', ...Array.from({ length: fans }, () => 'fan')]
    const actuators = roles.map((role, index) => ({ device_id: String(index), role }))
    const value = { house: { id: 'h', name: 'Coop' }, actuators, sensors: [], alerts: [] }
    farm.states['h'] = { value: value as unknown as HouseState, at_ms: 0, cached: false }
  }
  const path = '/farms/:farm/houses/:house/autopilot'
  const routes = [
    { path, component: AutopilotPage },
    { path: '/:rest(.*)*', component: { render: () => null } },
  ]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/farms/f/houses/h/autopilot')
  app = createApp({ render: () => h(AutopilotPage) })
  root = document.body.appendChild(document.createElement('div'))
  app.use(pinia).use(router).mount(root)
  await settled()
}

afterEach(() => {
  app?.unmount()
  root.remove()
})

describe('the page of a house’s autopilot', () => {
  it('tells how many of its fans run between the limits, and how many are advised', async () => {
    await opened(view, 8)
    expect(said('data-fans')).toBe('While air is on, from 24.0 °C to 28.0 °C: at least 2 of 8 fans')
    expect(said('data-advised-fans')).toBe(
      'While air is on, from 24.0 °C to 28.0 °C: at least 4 of 8 fans',
    )
    expect(said('data-shift')).toContain('fewer fans')
  })

  it('tells which part of them where it does not know how many there are', async () => {
    await opened(view, null)
    expect(said('data-fans')).toBe(
      'While air is on, from 24.0 °C to 28.0 °C: at least 25\u00a0% of the fans',
    )
  })

  it('says it in Khmer', async () => {
    await opened(view, 8, 'km')
    expect(said('data-fans')).toContain('កង្ហារយ៉ាងតិច ២ ក្នុងចំណោម ៨')
    expect(said('data-shift')).toContain('កង្ហារតិច')
  })

  it('sends what was read when a person agrees', async () => {
    await opened(view, 8)
    root.querySelector<HTMLButtonElement>('[data-accept]')?.click()
    await settled()
    expect(sent).toEqual([
      {
        path: 'farms/f/houses/h/recommendation/accept',
        request: { method: 'POST', body: { advised_k: 0, advised_share: 0.5 } },
      },
    ])
  })

  it('looks again where the advice is another one by now', async () => {
    await opened(view, 8)
    const json = vi.spyOn(useSession().api, 'json')
    const newer = { ...view, decision: { ...decision, advised_share: 0.75 } }
    json.mockImplementation((_path: string, request: Request = {}) =>
      request.method === undefined
        ? Promise.resolve(newer as never)
        : Promise.reject(new Problem('conflict')),
    )
    root.querySelector<HTMLButtonElement>('[data-accept]')?.click()
    await settled()
    json.mockClear()
    root.querySelector<HTMLButtonElement>('[data-accept]')?.click()
    await settled()
    expect(json.mock.calls[0]?.[1]?.body).toEqual({ advised_k: 0, advised_share: 0.75 })
  })

  it('tells that all of them run again where that is the advice', async () => {
    const advised = { ...limits, fan_share: 1 }
    await opened({ ...view, decision: { ...decision, advised_share: 1, advised } }, 8)
    expect(said('data-advised-fans')).toBe('While air is on, from 24.0 °C to 28.0 °C: all fans')
  })

  it('tells nothing of fans of which none rests and none is to', async () => {
    const all = { ...limits, fan_share: 1 }
    const warmer = { shift_k: 0.5, fan_share: 1, advised_share: 1, held: all, advised: all }
    await opened({ ...view, decision: { ...decision, ...warmer }, accepted: null }, 8)
    expect([said('data-fans'), said('data-advised-fans')]).toEqual([undefined, undefined])
    expect(said('data-shift')).toContain('0.5 °C warmer')
  })
})
