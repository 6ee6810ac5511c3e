// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Detection } from '@/lib/droppings'
import { loadWords, setLanguage } from '@/lib/i18n'
import { silences } from '@/lib/silence'
import DroppingsPage from '@/pages/DroppingsPage.vue'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'
import { detection } from './detections'

const NOW = Date.now()
const HOUR = 3_600_000

const seen = (hours_ago: number, changes: Partial<Detection> = {}): Detection => {
  const t = new Date(NOW - hours_ago * HOUR).toISOString()
  return detection(`${changes.camera ?? 'front'}-${hours_ago}`, t, changes)
}
const silent = (list: Detection[]): string[] =>
  silences(list, NOW).map(({ camera, last }) => `${camera} ${last.id}`)

describe('a camera', () => {
  it('is silent where its newest photograph is older than two hours', () => {
    expect(silent([seen(1.9), seen(2.4)])).toEqual([])
    expect(silent([seen(2.6), seen(2.1)])).toEqual(['front front-2.1'])
  })

  it('that looks seldom is silent after two of its rounds', () => {
    const rounds = [12, 24, 36, 48]
    expect(silent([seen(11), ...rounds.map((hours) => seen(11 + hours))])).toEqual([])
    expect(silent([seen(25), ...rounds.map((hours) => seen(25 + hours))])).toHaveLength(1)
  })

  it('is silent beside others that look, and a phone is no camera', () => {
    expect(silent([seen(0.5), seen(3, { camera: 'back' }), seen(9, { camera: null })])).toEqual([
      'back back-3',
    ])
  })
})

let app: App | undefined
let root: HTMLElement | undefined

async function open(items: Detection[]): Promise<void> {
  await loadWords('farm', 'alarm')
  await setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  const session = useSession()
  vi.spyOn(session.api, 'json').mockResolvedValue({ items, next_cursor: null })
  vi.spyOn(session.api, 'blob').mockReturnValue(new Promise(() => undefined))
  const farm = useFarm()
  farm.link = 'live'
  const path = '/farms/:farm/houses/:house/droppings'
  const routes = [
    { path, component: DroppingsPage },
    { path: '/:rest(.*)*', component: { render: () => null } },
  ]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/farms/f/houses/h/droppings')
  app = createApp({ render: () => h(DroppingsPage) })
  root = document.body.appendChild(document.createElement('div'))
  app.use(pinia).use(router).mount(root)
  await new Promise((done) => setTimeout(done))
}

afterEach(() => {
  app?.unmount()
  root?.remove()
  app = root = undefined
})

const look = (): string | undefined => root?.querySelector<HTMLElement>('article')?.dataset['look']
const told = (): string[] =>
  [...(root?.querySelectorAll<HTMLElement>('[data-silent]') ?? [])].map(({ textContent }) =>
    textContent.trim().replace(/ since .*/, ''),
  )

describe('the page of droppings', () => {
  it('shows no healthy green once the camera has fallen silent', async () => {
    await open([seen(3), seen(3.5)])
    expect([look(), told()]).toEqual(['unknown', ['front: no picture']])
  })

  it('keeps a warning of a camera that has fallen silent, and says both', async () => {
    await open([seen(3, { disease: 'newcastle', alert: true })])
    expect([look(), told().length]).toEqual(['suspicious', 1])
  })

  it('says beside what one camera sees that another is silent', async () => {
    await open([seen(0.5), seen(5, { camera: 'back' })])
    expect([look(), told()]).toEqual(['healthy', ['back: no picture']])
  })
})
