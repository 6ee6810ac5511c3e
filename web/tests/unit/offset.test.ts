// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApp, h, nextTick, ref, type App } from 'vue'

import OffsetField from '@/components/plan/OffsetField.vue'

const offset_s = ref(0)
let app: App
let root: HTMLElement

function open(given_s: number): void {
  offset_s.value = given_s
  app = createApp({
    render: () =>
      h(OffsetField, {
        modelValue: offset_s.value,
        'onUpdate:modelValue': (next: number) => (offset_s.value = next),
      }),
  })
  app.mount(root)
}

const pressed = (): (string | undefined)[] =>
  [...root.querySelectorAll<HTMLElement>('[aria-pressed=true]')].map(
    ({ dataset }) => dataset.choice,
  )

async function type(text: string): Promise<void> {
  const input = root.querySelector('input')
  if (input === null) throw new Error('there is no field to type in')
  input.value = text
  input.dispatchEvent(new Event('input'))
  await nextTick()
}

beforeEach(() => {
  root = document.body.appendChild(document.createElement('div'))
})

afterEach(() => {
  app.unmount()
  root.remove()
})

it.each(['', '0'])('stays before, and in minutes, while "%s" is typed', async (meanwhile) => {
  open(-1800)
  await type(meanwhile)
  expect(pressed()).toEqual(['before', 'min'])
  await type('45')
  expect(offset_s.value).toBe(-2700)
  expect(pressed()).toEqual(['before', 'min'])
})

it('takes the side of what is given to it from outside', async () => {
  open(-1800)
  offset_s.value = 3600
  await nextTick()
  expect(pressed()).toEqual(['after', 'h'])
  offset_s.value = 0
  await nextTick()
  expect(pressed()).toEqual(['at'])
})

it('begins with half an hour on the side that is chosen', async () => {
  open(0)
  root.querySelector<HTMLElement>('[data-choice=before]')?.click()
  await nextTick()
  expect([offset_s.value, pressed()]).toEqual([-1800, ['before', 'min']])
  root.querySelector<HTMLElement>('[data-choice=at]')?.click()
  await nextTick()
  expect([offset_s.value, pressed()]).toEqual([0, ['at']])
})
