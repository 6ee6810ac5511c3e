import { afterEach, expect, it } from 'vitest'

import { lastOf } from '@/lib/lists'

const { hasOwn } = Object

afterEach(() => {
  Object.hasOwn = hasOwn
})

it('knows the last one of a list, and that there is none', () => {
  expect(lastOf([1, 2])).toBe(2)
  expect(lastOf([])).toBeUndefined()
})

it('gives an old phone what the store library asks for', async () => {
  Reflect.deleteProperty(Object, 'hasOwn')
  await import('@/lib/old_phones')
  expect([Object.hasOwn({ a: 1 }, 'a'), Object.hasOwn({}, 'toString')]).toEqual([true, false])
})
