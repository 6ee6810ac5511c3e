// @vitest-environment happy-dom
import { createPinia, setActivePinia, type Pinia } from 'pinia'
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
  /** How many of the next writes are done and not answered. */
  unanswered = 0

  json = <T>(_path: string, request: Request = {}): Promise<T> => {
    if (request.method !== 'PUT') return Promise.resolve(structuredClone(this.held) as T)
    const body = request.body as Held
    if (body.version !== this.held.version) {
      return Promise.reject(new Problem('conflict', { status: 409 }))
    }
    this.writes(body.rules)
    if (this.unanswered-- > 0) return Promise.reject(new Problem('no_answer'))
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
    check: ({ name }) => (name === '' ? { name: 'field.required' } : {}),
    back: '/rules',
  })
  return { ...form, problem: rest.problem }
}

let server: FakeServer
let app: App
let router: Router
let pinia: Pinia
let opened: ReturnType<typeof page>

/** Opens the page of a rule, or of a new one. */
async function open(path: string): Promise<void> {
  await router.push(path)
  app = createApp({
    setup() {
      opened = page()
      return () => null
    },
  })
  app.use(pinia).use(router).mount(document.createElement('div'))
  await answered()
}

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
  pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'json').mockImplementation(server.json)
  const routes = ['/', '/rules', '/rules/:rule', '/new'].map((path) => ({
    path,
    component: Nothing,
  }))
  router = createRouter({ history: createMemoryHistory(), routes })
  await open('/rules/a')
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

describe('a rule whose answer was lost', () => {
  async function openNew(): Promise<void> {
    app.unmount()
    await open('/new')
    opened.draft.value = { id: '', name: 'new' }
    server.unanswered = 1
    await opened.save()
    expect(code()).toBe('no_answer')
  }

  it.each([true, false])('is written once where it is new (news of it come: %s)', async (news) => {
    await openNew()
    if (news) useFarm().plans += 1
    await answered()
    await opened.save()
    expect([server.names, code()]).toEqual([['A', 'B', 'new'], undefined])
    expect(server.held.rules[2]?.id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(router.currentRoute.value.path).toBe('/rules')
  })

  it('is saved without the word of a conflict that nobody else made', async () => {
    typed('mine')
    server.unanswered = 1
    await opened.save()
    useFarm().plans += 1
    await answered()
    typed('')
    await opened.save()
    expect(code()).not.toBe('conflict')
    typed('mine at last')
    await opened.save()
    expect([server.names, code()]).toEqual([['mine at last', 'B'], undefined])
  })

  it('meets a conflict as before once an answer has come', async () => {
    typed('mine')
    server.unanswered = 1
    await opened.save()
    vi.mocked(useSession().api).json.mockRejectedValueOnce(
      new Problem('unavailable', { status: 503 }),
    )
    await opened.save()
    await elsewhere([{ id: 'a', name: 'theirs' }])
    await opened.save()
    expect([server.names, code()]).toEqual([['theirs'], 'conflict'])
  })
})
