// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App, type Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import HarvestForm from '@/components/HarvestForm.vue'
import type { Request } from '@/lib/api'
import { Problem } from '@/lib/problems'
import type { HouseState } from '@/lib/types'
import ScheduleEditPage from '@/pages/ScheduleEditPage.vue'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

interface Sent {
  key: string | undefined
  body: unknown
}

let posts: Sent[]
let taken_back: string[]
/** The server does what it is asked, but its answer comes too late. */
let lost: boolean
let noted: { id: string; picked_on: string; kg: number }[]
/** The schedule that is there, as the server has it. */
let version: number
let puts: { version: number; name: string }[]
let app: App
let root: HTMLElement

const answered = (): Promise<void> => new Promise((done) => setTimeout(done))

function serve(path: string, request: Request = {}): Promise<unknown> {
  if (request.method === 'DELETE') {
    taken_back.push(path)
    noted = []
    return Promise.resolve(undefined)
  }
  if (path === 'farms/f/schedules/s') return serveSchedule(request)
  if (request.method !== 'POST') return Promise.resolve({ items: noted, next_cursor: null })
  posts.push({ key: request.headers?.['Idempotency-Key'], body: request.body })
  if (path.endsWith('harvests')) noted = [{ id: 'h1', picked_on: '2026-03-02', kg: 40 }]
  return lost ? Promise.reject(new Problem('no_answer')) : Promise.resolve({})
}

function serveSchedule(request: Request): Promise<unknown> {
  if (request.method !== 'PUT') {
    const does = { kind: 'duration_based', run_s: 60, rest_s: 600, devices: ['d'], level: 100 }
    const kept = { name: 'Theirs', does, enabled: true, priority: 5, missed: 'once', modes: [] }
    return Promise.resolve({ ...kept, id: 's', version, valid_from: null, valid_until: null })
  }
  const body = request.body as { version: number; name: string }
  puts.push(body)
  return body.version === version
    ? Promise.resolve({})
    : Promise.reject(new Problem('conflict', { status: 409 }))
}

async function open(component: Component, path: string, address: string): Promise<void> {
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'json').mockImplementation(serve as never)
  const farm = useFarm()
  farm.link = 'live'
  useSession().farms = [{ id: 'f', name: 'F', role: 'owner', coop_count: 1 }]
  const house = { id: 'h', kind: 'coop', name: 'Coop 1' }
  const value = { house, readings: [], actuators: [] } as unknown as HouseState
  farm.states['h'] = { at_ms: 0, value, cached: false }
  farm.id = 'f'
  const routes = [
    { path, component },
    { path: '/:rest(.*)*', component: { render: () => null } },
  ]
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(address)
  app = createApp({ render: () => h(component, { path: 'farms/f/houses/h' }) })
  root = document.body.appendChild(document.createElement('div'))
  app.use(pinia).use(router).mount(root)
  await answered()
}

function find(selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`no ${selector}`)
  return found
}

async function type(selector: string, text: string): Promise<void> {
  const input = find(selector) as HTMLInputElement
  input.value = text
  input.dispatchEvent(new Event('input'))
  await answered()
}

async function save(): Promise<void> {
  find('form').dispatchEvent(new Event('submit'))
  await answered()
}

beforeEach(() => {
  posts = []
  taken_back = []
  noted = []
  lost = true
  version = 1
  puts = []
})

afterEach(() => {
  app.unmount()
  root.remove()
})

describe('a harvest whose answer was lost', () => {
  beforeEach(async () => {
    await open(HarvestForm, '/', '/')
    await type('input', '40')
    await save()
  })

  it('is sent again as the same one', async () => {
    await save()
    expect(posts[0]?.key).toMatch(/^[0-9a-f]{32}$/)
    expect(posts[1]).toEqual(posts[0])
  })

  it('is another one with another weight, or once it was told that it is noted', async () => {
    lost = false
    await type('input', '41')
    await save()
    await type('input', '41')
    await save()
    expect(new Set(posts.map(({ key }) => key)).size).toBe(3)
  })

  it('is listed, and can be taken back and then noted anew', async () => {
    expect(find('[data-noted]').textContent).toContain('៤០.០ kg')
    find('[data-noted] [data-delete]').click()
    find('dialog .danger').click()
    await answered()
    expect(taken_back).toEqual(['farms/f/houses/h/harvests/h1'])
    expect(root.querySelector('[data-noted]')).toBeNull()
    await save()
    expect(posts[1]?.key).not.toBe(posts[0]?.key)
  })
})

describe('a schedule whose answer was lost', () => {
  it('is sent again as the same one, and as another one once it was changed', async () => {
    await open(
      ScheduleEditPage,
      '/farms/:farm/houses/:house/schedules/new',
      '/farms/f/houses/h/schedules/new',
    )
    find('[data-more-kinds]').click()
    await answered()
    find('[data-kind=warmth]').click()
    await answered()
    await save()
    await save()
    expect(posts[1]).toEqual(posts[0])
    await type('[data-field=name] input, input[data-field=name]', 'Warm')
    await save()
    expect(posts[2]?.body).toMatchObject({ name: 'Warm' })
    expect(posts[2]?.key).not.toBe(posts[0]?.key)
  })
})

it('writes a schedule that somebody else changed meanwhile only on purpose', async () => {
  await open(
    ScheduleEditPage,
    '/farms/:farm/houses/:house/schedules/:schedule',
    '/farms/f/houses/h/schedules/s',
  )
  await type('[data-field=name] input, input[data-field=name]', 'Mine')
  version = 2
  await save()
  expect(find('[data-problem]').dataset.problem).toBe('conflict')
  await save()
  const sent = puts.map((put) => [put.version, put.name])
  expect(sent).toEqual([
    [1, 'Mine'],
    [2, 'Mine'],
  ])
  expect(root.querySelector('[data-problem]')).toBeNull()
})
