// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, type App, type Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { keepChannel } from '@/lib/push'
import type { SignedIn } from '@/lib/types'
import ChannelsPage from '@/pages/ChannelsPage.vue'
import HousesPage from '@/pages/HousesPage.vue'
import { useSession } from '@/stores/session'

const ENTERED = {
  access_token: 'a',
  refresh_token: 'r',
  expires_in: 60,
  user: { id: 'u', name: 'Sokha', language: 'en' },
  farms: [],
} as unknown as SignedIn

let session: ReturnType<typeof useSession>
let app: App | undefined
/** The browser's own part of web push. */
let subscribed: boolean
let unsubscribe: () => Promise<boolean>
let channels: { id: string; kind: string }[]

const answered = (): Promise<void> => new Promise((done) => setTimeout(done))

function serve(path: string): Promise<unknown> {
  if (path === 'auth/login') return Promise.resolve(ENTERED)
  if (path === 'users/me/channels') return Promise.resolve({ items: channels })
  if (path === 'users/me/channel-kinds') return Promise.resolve({ kinds: [], push_key: '' })
  return Promise.resolve(undefined)
}

async function shown(page: Component): Promise<HTMLElement> {
  const root = document.body.appendChild(document.createElement('div'))
  const routes = [{ path: '/:rest(.*)*', component: { render: () => null } }]
  const router = createRouter({ history: createMemoryHistory(), routes })
  app = createApp(page).use(router)
  app.mount(root)
  await answered()
  return root
}

beforeEach(() => {
  localStorage.clear()
  subscribed = true
  unsubscribe = () => {
    subscribed = false
    return Promise.resolve(true)
  }
  channels = []
  const getSubscription = (): Promise<unknown> =>
    Promise.resolve(subscribed ? { unsubscribe: () => unsubscribe() } : null)
  const registration = { pushManager: { getSubscription } }
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('PushManager', {})
  vi.stubGlobal('Notification', { permission: 'granted' })
  const serviceWorker = { getRegistration: () => Promise.resolve(registration) }
  Object.defineProperty(navigator, 'serviceWorker', { value: serviceWorker, configurable: true })
  setActivePinia(createPinia())
  session = useSession()
  vi.spyOn(session.api, 'json').mockImplementation(serve as never)
})

afterEach(() => {
  app?.unmount()
  app = undefined
  document.body.replaceChildren()
  Reflect.deleteProperty(navigator, 'serviceWorker')
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('who logs out', () => {
  beforeEach(() => {
    keepChannel('c')
  })

  it('takes the push of this phone along', async () => {
    await session.logout()
    expect([subscribed, localStorage.length]).toEqual([false, 0])
  })

  it.each(['does not answer', 'fails'])('is out where the browser %s', async (how) => {
    vi.useFakeTimers()
    await session.login({ login: 'l', password: 'p' })
    unsubscribe = () =>
      how === 'fails' ? Promise.reject(new Error('no')) : new Promise(() => null)
    const out = session.logout()
    await vi.advanceTimersByTimeAsync(3_000)
    await out
    expect(session.signed_in).toBe(false)
  })
})

describe('a phone whose login ended', () => {
  const again = async (): Promise<void> => {
    await session.login({ login: 'l', password: 'p' })
    await answered()
  }

  it('says after the next log-in that alerts no longer come, until somebody looks', async () => {
    keepChannel('of the login before')
    await again()
    const home = await shown(HousesPage)
    const note = home.querySelector('[data-untold]')
    expect(note?.getAttribute('href')).toBe('/settings/channels')
    app?.unmount()
    const page = await shown(ChannelsPage)
    expect(page.querySelector('[data-push] [data-lapsed]')).not.toBeNull()
    expect(page.querySelector('[data-turn-on]')).not.toBeNull()
    expect(session.untold).toBe(false)
  })

  it('says nothing of it where alerts never came, or come', async () => {
    await again()
    expect((await shown(HousesPage)).querySelector('[data-untold]')).toBeNull()
    app?.unmount()
    const page = await shown(ChannelsPage)
    expect(page.querySelector('[data-turn-on]')).not.toBeNull()
    expect(page.querySelector('[data-lapsed]')).toBeNull()
    app?.unmount()
    keepChannel('c')
    channels = [{ id: 'c', kind: 'web_push' }]
    expect((await shown(ChannelsPage)).querySelector('[data-push]')).toBeNull()
  })
})
