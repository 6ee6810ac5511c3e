// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, nextTick, ref, type App } from 'vue'

import DroppingPicture from '@/components/DroppingPicture.vue'
import PictureCard from '@/components/PictureCard.vue'
import { loadWords } from '@/lib/i18n'
import { Problem } from '@/lib/problems'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

const [FIRST, SECOND] = ['2026-06-01T08:00:00Z', '2026-06-01T09:00:00Z']
const AWAY = new Problem('phone_offline')

interface Asked {
  come: () => void
  fail: (problem: Problem) => void
}

let asked: Asked[]
let alive: Set<string>
let app: App | null
let root: HTMLElement
const taken = ref(FIRST)
const path = ref('a')

const settled = (): Promise<void> => new Promise((done) => setTimeout(done))
const caption = (): string => root.querySelector('figcaption')?.textContent ?? ''
const source = (): string | null => root.querySelector('img')?.getAttribute('src') ?? null

async function answer(index: number, how: (one: Asked) => void): Promise<void> {
  const one = asked[index]
  if (one === undefined) throw new Error('nobody asked')
  how(one)
  await settled()
}
const come = (index: number) => answer(index, (one) => one.come())
const fail = (index: number, problem = AWAY) => answer(index, (one) => one.fail(problem))

function leave(): void {
  app?.unmount()
  app = null
}

function mount(what: () => ReturnType<typeof h>): void {
  const pinia = createPinia()
  setActivePinia(pinia)
  app = createApp({ render: what }).use(pinia)
  const session = useSession()
  vi.spyOn(session.api, 'blob').mockImplementation(
    () =>
      new Promise<Blob>((come, fail) => {
        asked.push({ come: () => come(new Blob(['x'])), fail })
      }),
  )
  useFarm().id = 'f'
  app.mount(root)
}

beforeAll(() => loadWords('farm'))

beforeEach(() => {
  asked = []
  alive = new Set()
  root = document.createElement('div')
  taken.value = FIRST
  path.value = 'a'
  let count = 0
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
    const url = `blob:${++count}`
    alive.add(url)
    return url
  })
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => void alive.delete(url))
})

describe('the picture of a house', () => {
  beforeEach(() => mount(() => h(PictureCard, { house_id: 'h', taken: taken.value })))
  afterEach(leave)

  it('keeps its own time where the next one can’t be had', async () => {
    await come(0)
    const first = caption()
    taken.value = SECOND
    await nextTick()
    expect(caption()).toBe(first)
    await fail(1)
    expect([source(), caption()]).toEqual(['blob:1', first])
  })

  it('is asked for again when the link comes back', async () => {
    await come(0)
    const first = caption()
    taken.value = SECOND
    await nextTick()
    await fail(1)
    useFarm().link = 'offline'
    await nextTick()
    useFarm().link = 'live'
    await nextTick()
    await come(2)
    expect([...alive]).toEqual(['blob:2'])
    expect(source()).toBe('blob:2')
    expect(caption()).not.toBe(first)
  })

  it('is not asked for again where there is none', async () => {
    await fail(0, new Problem('not_found', { status: 404 }))
    useFarm().link = 'live'
    await nextTick()
    expect(asked).toHaveLength(1)
  })

  it('is the newest, whichever answer comes last', async () => {
    taken.value = SECOND
    await nextTick()
    await come(1)
    const newest = caption()
    await come(0)
    expect([source(), caption()]).toEqual(['blob:1', newest])
  })

  it('is let go with the page, also where it comes after', async () => {
    await come(0)
    taken.value = SECOND
    await nextTick()
    leave()
    await come(1)
    expect([...alive]).toEqual([])
  })
})

describe('the photograph of a dropping', () => {
  beforeEach(() => mount(() => h(DroppingPicture, { path: path.value, alt: '' })))
  afterEach(leave)

  it('is let go with the page, also where it comes after', async () => {
    leave()
    await come(0)
    expect([...alive]).toEqual([])
  })

  it('is not that of another one where it can’t be had', async () => {
    await come(0)
    path.value = 'b'
    await nextTick()
    await fail(1)
    expect(source()).toBeNull()
  })
})
