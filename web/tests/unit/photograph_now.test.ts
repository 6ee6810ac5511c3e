// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, h, type App } from 'vue'

import PhotographNow from '@/components/PhotographNow.vue'
import { loadWords, setLanguage } from '@/lib/i18n'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'
import { settled } from './droppings_page'

let app: App | undefined
let root: HTMLElement
let answer: (made: { id: string }) => void

const button = (): HTMLButtonElement | null => root.querySelector('[data-photograph-now]')
const waits = (): boolean | undefined => button()?.disabled
const why = (): string | undefined => root.querySelector<HTMLElement>('[data-why]')?.dataset['why']
const refuse = (request: string, reason = 'no_picture'): void => {
  useFarm().not_taken = { house_id: 'h', request, reason }
}

async function answered(): Promise<void> {
  answer({ id: 'mine' })
  await settled()
}

beforeEach(async () => {
  await loadWords('farm', 'alarm')
  await setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  vi.spyOn(useSession().api, 'json').mockImplementation(
    () =>
      new Promise((done) => {
        answer = done as typeof answer
      }),
  )
  root = document.createElement('div')
  app = createApp({ render: () => h(PhotographNow, { house_id: 'h', path: 'farms/f/houses/h' }) })
  app.use(pinia).mount(root)
  button()?.click()
  await settled()
})

afterEach(() => app?.unmount())

describe('who has asked for a photograph', () => {
  it('waits on when somebody else’s wish is refused', async () => {
    await answered()
    refuse('another')
    await settled()
    expect([waits(), why()]).toEqual([true, undefined])
    refuse('mine')
    await settled()
    expect([waits(), why()]).toEqual([false, 'no_picture'])
  })

  it('hears the own refusal among others that come with it', async () => {
    await answered()
    refuse('mine', 'no_camera')
    refuse('another')
    await settled()
    expect([waits(), why()]).toEqual([false, 'no_camera'])
  })

  it('hears of it when it overtakes the server’s answer', async () => {
    refuse('another')
    refuse('mine', 'moment_ago')
    await settled()
    expect(waits()).toBe(true)
    await answered()
    expect([waits(), why()]).toEqual([false, 'moment_ago'])
  })

  it('is content with any photograph of a camera in the house', async () => {
    await answered()
    useFarm().last_seen = { id: 'd', house_id: 'h', camera: 'front' }
    await settled()
    expect([waits(), why()]).toEqual([false, undefined])
  })
})
