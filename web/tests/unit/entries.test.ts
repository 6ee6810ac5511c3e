// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, type App } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import type { Request } from '@/lib/api'
import { useEntryForm } from '@/lib/entries'
import { useHouseDocument } from '@/lib/house_document'
import { Problem } from '@/lib/problems'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

interface One {
  id: string
  name: string
}
interface Held {
  version: number
  rules: One[]
}

/** A house whose rules other people may write too. */
class FakeServer {
  held: Held = { version: 1, rules: [] }

  json = <T>(_path: string, request: Request = {}): Promise<T> => {
    if (request.method !== 'PUT') return Promise.resolve(structuredClone(this.held) as T)
    const body = request.body as Held
    if (body.version !== this.held.version) {
      return Promise.reject(new Problem('conflict', { status: 409 }))
    }
    this.writes(body.rules)
    return Promise.resolve(structuredClone(this.held) as T)
  }

  writes(rules: One[]): void {
    this.held = { version: this.held.version + 1, rules: structuredClone(rules) }
  }

  get names(): string[] {
    return this.held.rules.map(({ name }) => name)
  }
}

const Nothing = { render: () => null }

function page() {
  const { document, ...rest } = useHouseDocument<never, Held>('houses/h/rules', 'rules')
  const form = useEntryForm<One, One>({
    param: 'rule',
    entries: () => document.value?.rules,
    write: rest.write,
    problem: rest.problem,
    clash: rest.clash,
    draftOf: (entry) => ({ ...entry }),
    entryOf: (draft) => ({ ...draft }),
    check: () => ({}),
    back: '/rules',
  })
  return { ...form, problem: rest.problem }
}

let server: FakeServer
let app: App
let router: Router
let opened: ReturnType<typeof page>

const answered = (): Promise<void> => new Promise((done) => setTimeout(done))
const code = (): string | undefined => opened.problem.value?.code
const typed = (name: string): void => {
  if (opened.draft.value !== null) opened.draft.value.name = name
}

/** Another phone writes, and the live line says so. */
async function elsewhere(rules: One[]): Promise<void> {
  server.writes(rules)
  useFarm().plans += 1
  await answered()
}

beforeEach(async () => {
  server = new FakeServer()
  server.writes([
    { id: 'a', name: 'A' },
    { id: 'b', name: 'B' },
  ])
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'json').mockImplementation(server.json)
  const routes = ['/', '/rules', '/rules/:rule'].map((path) => ({ path, component: Nothing }))
  router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/rules/a')
  app = createApp({
    setup() {
      opened = page()
      return () => null
    },
  })
  app.use(pinia).use(router).mount(document.createElement('div'))
  await answered()
})

afterEach(() => app.unmount())

describe('a rule that is being written', () => {
  it('is saved beside what others wrote of other rules', async () => {
    typed('mine')
    await elsewhere([
      { id: 'a', name: 'A' },
      { id: 'b', name: 'theirs' },
    ])
    await opened.save()
    expect(server.names).toEqual(['mine', 'theirs'])
    expect(router.currentRoute.value.path).toBe('/rules')
  })

  it('that somebody else changed is written over only on purpose', async () => {
    typed('mine')
    await elsewhere([{ id: 'a', name: 'theirs' }])
    await opened.save()
    expect([server.names, code()]).toEqual([['theirs'], 'conflict'])
    await opened.save()
    expect([server.names, code()]).toEqual([['mine'], undefined])
  })

  it('that somebody else took away comes back only on purpose', async () => {
    typed('mine')
    await elsewhere([{ id: 'b', name: 'B' }])
    await opened.save()
    expect([server.names, code()]).toEqual([['B'], 'conflict'])
    await opened.save()
    expect(server.names).toEqual(['B', 'mine'])
  })

  it('that met another write says so once and is then saved', async () => {
    typed('mine')
    server.writes([{ id: 'a', name: 'theirs' }])
    await opened.save()
    expect([server.names, code()]).toEqual([['theirs'], 'conflict'])
    await opened.save()
    expect([server.names, code()]).toEqual([['mine'], undefined])
  })

  it('keeps the word of a conflict while the news of it come in', async () => {
    typed('mine')
    server.writes([{ id: 'a', name: 'theirs' }])
    await opened.save()
    useFarm().plans += 1
    await answered()
    expect(code()).toBe('conflict')
  })
})
