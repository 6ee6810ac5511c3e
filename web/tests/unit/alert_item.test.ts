// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import AlertItem from '@/components/AlertItem.vue'
import { loadWords } from '@/lib/i18n'
import type { Alert } from '@/lib/types'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

let app: App | undefined

afterEach(() => {
  app?.unmount()
})

it('the picture of an alert leads to the very photograph that it is about', async () => {
  await loadWords('farm')
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'blob').mockReturnValue(new Promise(() => undefined))
  useFarm().id = 'f'
  const alert = {
    id: 'a',
    house_id: 'h',
    type: 'dropping_suspicious',
    about: 'd7',
    name: 'newcastle',
    severity: 'warning',
    state: 'active',
    raised_at: '2026-11-21T07:00:00Z',
    cleared_at: null,
    actual: 93,
    threshold: 80,
    device_name: null,
    shelved_until: null,
  } as unknown as Alert
  const routes = [{ path: '/:rest(.*)*', component: { render: () => null } }]
  const router = createRouter({ history: createMemoryHistory(), routes })
  app = createApp({ render: () => h(AlertItem, { alert }) })
  const root = document.createElement('div')
  app.use(pinia).use(router).mount(root)

  const link = root.querySelector('a[data-photograph]')
  expect(link?.getAttribute('href')).toBe('/farms/f/houses/h/droppings?shown=d7')
})
