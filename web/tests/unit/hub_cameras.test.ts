// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import HubCameras from '@/components/HubCameras.vue'
import type { Detection } from '@/lib/droppings'
import { loadWords, setLanguage } from '@/lib/i18n'
import type { Farm } from '@/lib/types'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'
import { detection } from './detections'
import { close, opened, page, settled } from './droppings_page'

vi.mock('@/lib/hub', () => ({ HUB_ID: 'hub', PASS_IN_LINK: null, passIn: () => null }))

const HOUR = 3_600_000
const ago = (hours: number, id: string, changes: Partial<Detection> = {}): Detection =>
  detection(id, new Date(Date.now() - hours * HOUR).toISOString(), changes)

let app: App | undefined

async function shown(items: () => Detection[]): Promise<HTMLElement> {
  await loadWords('farm', 'alarm')
  await setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  const session = useSession()
  vi.spyOn(session.api, 'json').mockImplementation(() =>
    Promise.resolve({ items: items(), next_cursor: null } as never),
  )
  vi.spyOn(session.api, 'blob').mockReturnValue(new Promise(() => undefined))
  const farm = useFarm()
  farm.id = 'f'
  farm.link = 'live'
  farm.farm = { id: 'f', role: 'manager', time_zone: 'Asia/Phnom_Penh' } as Farm
  const routes = [{ path: '/:rest(.*)*', component: { render: () => null } }]
  const router = createRouter({ history: createMemoryHistory(), routes })
  app = createApp({ render: () => h(HubCameras, { house_id: 'h', home: '/farms/f/houses/h' }) })
  const root = document.createElement('div')
  app.use(pinia).use(router).mount(root)
  await settled()
  return root
}

afterEach(() => {
  app?.unmount()
  app = undefined
  close()
})

describe('the cameras on the hub’s own page', () => {
  const cameras = (root: HTMLElement): (string | null | undefined)[][] =>
    [...root.querySelectorAll<HTMLElement>('[data-camera]')].map((one) => [
      one.dataset['camera'],
      one.dataset['look'],
      one
        .querySelector('strong')
        ?.textContent.trim()
        .replace(/ since .*/, ''),
      one.getAttribute('href'),
    ])

  it('each say what they saw last, and are asked to look now', async () => {
    const root = await shown(() => [
      ago(0.1, 'd3', { disease: 'newcastle', alert: true, confidence: 0.93 }),
      ago(0.6, 'd2'),
      ago(4, 'd1', { camera: 'back' }),
    ])
    const page_of = (id: string): string => `/farms/f/houses/h/droppings?shown=${id}`
    expect(cameras(root)).toEqual([
      ['front', 'suspicious', 'Signs of Newcastle disease', page_of('d3')],
      ['back', 'unknown', 'back: no picture', page_of('d1')],
    ])
    expect(root.textContent).toContain('93\u00a0% sure')
    expect(root.querySelectorAll('[data-photograph-now]')).toHaveLength(1)
  })

  it('are looked at again when one of them has seen something', async () => {
    let seen = [ago(0.5, 'd1')]
    const root = await shown(() => seen)
    seen = [ago(0, 'd2', { disease: 'unknown' }), ...seen]
    useFarm().last_seen = { id: 'd2', house_id: 'h', camera: 'front' }
    await settled()
    expect(cameras(root).map(([, look]) => look)).toEqual(['unknown'])
  })

  it('show nothing where there are none', async () => {
    expect((await shown(() => [])).querySelector('*')).toBeNull()
  })
})

describe('the page of droppings at the hub', () => {
  it('shows a photograph, and leaves out what only the cloud can do', async () => {
    await opened(() => ({ items: [ago(0.1, 'd1')], next_cursor: null }))
    const has = (of: string): number => page()?.querySelectorAll(of).length ?? 0
    expect([has('[data-detection]'), has('[data-photograph-now]')]).toEqual([1, 1])
    expect([has('[data-right]'), has('[data-upload]')]).toEqual([0, 0])
  })
})
