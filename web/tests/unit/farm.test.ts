// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

/** A socket whose other end is the test. */
class FakeSocket {
  static all: FakeSocket[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  constructor() {
    FakeSocket.all.push(this)
  }

  send(): void {
    // What is said to the server is none of these tests' business.
  }

  close(): void {
    // Nothing is held open.
  }

  async holds(): Promise<void> {
    this.onopen?.()
    await vi.advanceTimersByTimeAsync(0)
    this.onmessage?.({ data: JSON.stringify({ type: 'heartbeat', t: Date.now() }) })
    await vi.advanceTimersByTimeAsync(0)
  }
}

const newest = (): FakeSocket => FakeSocket.all.at(-1) as FakeSocket

let asked: string[]

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
  FakeSocket.all = []
  asked = []
  setActivePinia(createPinia())
  const { api } = useSession()
  vi.spyOn(api, 'accessToken').mockResolvedValue('token')
  vi.spyOn(api, 'json').mockImplementation((path: string) => {
    asked.push(path)
    return Promise.resolve({ id: 'f', items: [], next_cursor: null } as never)
  })
})

afterEach(() => {
  useFarm().close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a phone that comes back fetches anew what it missed, also after a try in vain', async () => {
  const farm = useFarm()
  farm.open('f')
  await newest().holds()
  farm.lost()
  farm.wake()
  newest().onclose?.({ code: 1006 })
  await vi.advanceTimersByTimeAsync(3_000)
  asked = []
  await newest().holds()
  expect(farm.link).toBe('live')
  expect(asked).toContain('farms/f/houses')
})

test('a farm that was left says nothing of the next one', async () => {
  const farm = useFarm()
  farm.open('f')
  await newest().holds()
  farm.lost()
  farm.open('g')
  await vi.advanceTimersByTimeAsync(0)
  asked = []
  await newest().holds()
  expect(asked).toEqual([])
})
