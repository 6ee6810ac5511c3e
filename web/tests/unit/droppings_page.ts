/** The page of droppings on a test's own screen, with a server that answers what the test says. */

import { createPinia, setActivePinia } from 'pinia'
import { vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Request } from '@/lib/api'
import { loadWords, setLanguage } from '@/lib/i18n'
import type { Farm } from '@/lib/types'
import DroppingsPage from '@/pages/DroppingsPage.vue'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

let app: App | undefined
let root: HTMLElement | undefined

export const page = (): HTMLElement | undefined => root

/** Lets what was asked for be answered and shown. */
export const settled = (): Promise<void> => new Promise((done) => setTimeout(done))

/** Opens the page for a manager; what `answer` throws is the server's problem. */
export async function opened(
  answer: (path: string, request: Request) => unknown,
  query = '',
): Promise<void> {
  await loadWords('farm', 'alarm')
  await setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  const session = useSession()
  vi.spyOn(session.api, 'json').mockImplementation((path: string, request: Request = {}) =>
    Promise.resolve().then(() => answer(path, request) as never),
  )
  vi.spyOn(session.api, 'blob').mockReturnValue(new Promise(() => undefined))
  const farm = useFarm()
  farm.farm = { id: 'f', role: 'manager', time_zone: 'Asia/Phnom_Penh' } as Farm
  farm.link = 'live'
  const path = '/farms/:farm/houses/:house/droppings'
  const routes = [
    { path, component: DroppingsPage },
    { path: '/:rest(.*)*', component: { render: () => null } },
  ]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(`/farms/f/houses/h/droppings${query}`)
  app = createApp({ render: () => h(DroppingsPage) })
  root = document.body.appendChild(document.createElement('div'))
  app.use(pinia).use(router).mount(root)
  await settled()
}

export function close(): void {
  app?.unmount()
  root?.remove()
  app = root = undefined
}
