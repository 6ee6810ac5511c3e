// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import { Problem } from '@/lib/problems'
import type { SignedIn } from '@/lib/types'
import HubEntryPage from '@/pages/HubEntryPage.vue'
import { useSession } from '@/stores/session'

vi.mock('@/lib/hub', () => ({ HUB_ID: 'hub', PASS_IN_LINK: 'a.good.pass' }))

const KEPT = 'tokkatot.session'

function signedIn(name: string): SignedIn {
  const user = { id: name, name, language: 'km' } as SignedIn['user']
  const tokens = { access_token: `${name}-1`, refresh_token: `${name}-r`, expires_in: 60 }
  return { ...tokens, user, farms: [{ id: 'f', name: 'F', role: 'owner', coop_count: 1 }] }
}

/** A phone on which somebody was in before. */
function phone(kept: SignedIn | null = null): ReturnType<typeof useSession> {
  localStorage.clear()
  if (kept !== null) localStorage.setItem(KEPT, JSON.stringify(kept))
  setActivePinia(createPinia())
  return useSession()
}

const answered = (): Promise<void> => new Promise((done) => setTimeout(done))

describe('the pass of a link', () => {
  let session: ReturnType<typeof useSession>
  const meets = (problem: Problem): void => {
    vi.spyOn(session.api, 'json').mockRejectedValueOnce(problem)
  }

  beforeEach(() => {
    session = phone(signedIn('Sokha'))
  })

  it.each([
    new Problem('no_answer'),
    new Problem('unavailable', { status: 503 }),
    new Problem('rate_limited', { status: 429 }),
  ])('that meets a bad moment ($code) costs neither the pass nor the session', async (problem) => {
    meets(problem)
    expect(await session.takePass()).toBe(false)
    expect([session.user?.name, session.pass_refused]).toEqual(['Sokha', false])
    expect(session.pass_problem?.code).toBe(problem.code)
    vi.spyOn(session.api, 'json').mockResolvedValueOnce(signedIn('Dara'))
    expect(await session.takePass()).toBe(true)
    expect([session.user?.name, session.pass_problem]).toEqual(['Dara', null])
  })

  it.each([401, 403])('that is refused (%s) ends what was there', async (status) => {
    meets(new Problem(status === 401 ? 'session_ended' : 'forbidden', { status }))
    await session.takePass()
    expect([session.user, session.pass_refused, session.pass_problem]).toEqual([null, true, null])
    expect(localStorage.getItem(KEPT)).toBeNull()
  })

  it('is tried again with a tap', async () => {
    session = phone()
    const root = document.body.appendChild(document.createElement('div'))
    const routes = ['/', '/login'].map((path) => ({ path, component: { render: () => null } }))
    const router = createRouter({ history: createMemoryHistory(), routes })
    await router.push('/login')
    meets(new Problem('unavailable', { status: 503 }))
    await session.takePass()
    createApp(HubEntryPage).use(router).mount(root)
    expect(root.querySelector('[data-problem]')?.getAttribute('data-problem')).toBe('unavailable')
    const asked = vi.spyOn(session.api, 'json').mockResolvedValueOnce(signedIn('Dara'))
    root.querySelector<HTMLElement>('[data-pass-problem] button')?.click()
    await answered()
    expect(asked.mock.lastCall).toMatchObject(['auth/hub-pass', { body: { token: 'a.good.pass' } }])
    expect([session.user?.name, router.currentRoute.value.path]).toEqual(['Dara', '/'])
  })
})

describe('a session', () => {
  it('that another tab ended leads to the log-in page, one that ended here does not say so', async () => {
    const session = phone(signedIn('Sokha'))
    localStorage.removeItem(KEPT)
    await expect(session.api.json('farms')).rejects.toMatchObject({ status: 401 })
    expect([session.signed_in, session.ended]).toEqual([false, true])

    const here = phone(signedIn('Sokha'))
    vi.spyOn(here.api, 'json').mockResolvedValueOnce(undefined)
    await here.logout()
    await expect(here.api.json('farms')).rejects.toMatchObject({ status: 401 })
    expect([here.signed_in, here.ended]).toEqual([false, false])
  })

  it('knows all farms of who has many', async () => {
    const session = phone(signedIn('Staff'))
    const farms = Array.from({ length: 150 }, (_, index) => ({ id: `f${index}` }))
    vi.spyOn(session.api, 'json').mockImplementation((path, { query } = {}) => {
      if (path !== 'farms') return Promise.resolve(session.user as never)
      const from = Number(query?.['cursor'] ?? 0)
      const to = from + Number(query?.['limit'])
      const next_cursor = to < farms.length ? String(to) : null
      return Promise.resolve({ items: farms.slice(from, to), next_cursor } as never)
    })
    await session.refresh()
    expect(session.farms).toHaveLength(150)
  })

  it('keeps under which key it is being renewed, and not beyond', async () => {
    const session = phone(signedIn('Sokha'))
    const kept = (): unknown => JSON.parse(localStorage.getItem(KEPT) ?? '{}')
    const refused = (): Promise<Response> => Promise.reject(new TypeError('failed to fetch'))
    const fetcher = vi.fn(refused)
    vi.stubGlobal('fetch', fetcher)
    await expect(session.api.accessToken('Sokha-1')).rejects.toMatchObject({ status: 0 })
    expect(kept()).toMatchObject({ refresh_key: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
    const fresh = { access_token: 'Sokha-2', refresh_token: 'r2', expires_in: 60 }
    fetcher.mockResolvedValueOnce(new Response(JSON.stringify(fresh)))
    expect(await session.api.accessToken('Sokha-1')).toBe('Sokha-2')
    expect(kept()).toMatchObject({ refresh_token: 'r2', refresh_key: null, user: { id: 'Sokha' } })
    vi.unstubAllGlobals()
  })
})
