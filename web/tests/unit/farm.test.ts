// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Problem } from '@/lib/problems'
import type { Alert } from '@/lib/types'
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

interface Question {
  path: string
  answer(body: object): Promise<void>
  fails(): Promise<void>
}

/** Lets the test answer what is asked from here on, in whichever order. */
function questions(): Question[] {
  const held: Question[] = []
  vi.mocked(useSession().api).json.mockImplementation(
    (path: string) =>
      new Promise((answer, fail) => {
        const settled = async (): Promise<void> => {
          await vi.advanceTimersByTimeAsync(0)
        }
        held.push({
          path,
          answer: (body) => (answer(body as never), settled()),
          fails: () => (fail(new Problem('no_answer')), settled()),
        })
      }),
  )
  return held
}

const asking = (held: Question[], path: string): Question[] =>
  held.filter((question) => question.path === `farms/${path}`)

const stateOf = (seq: number): object => ({
  seq,
  t: '2026-01-01T00:00:00Z',
  actuators: [],
  alerts: [],
})
const pageOf = (name: string): object => ({ items: [{ id: 'h', name }], next_cursor: null })

test('a state that was asked for earlier comes too late behind a newer one', async () => {
  const farm = useFarm()
  farm.open('f')
  const held = questions()
  void farm.loadState('h')
  void farm.loadState('h')
  const [first, second] = asking(held, 'f/houses/h/state')
  await second?.answer(stateOf(2))
  await first?.answer(stateOf(1))
  expect(farm.states['h']?.value.seq).toBe(2)
  // A server that lost its count is believed all the same.
  void farm.loadState('h')
  await asking(held, 'f/houses/h/state')[2]?.answer(stateOf(1))
  expect(farm.states['h']?.value.seq).toBe(1)
})

test('a state of one house, or one that came at all, stands although later ones are missing', async () => {
  const farm = useFarm()
  farm.open('f')
  const held = questions()
  void farm.loadState('h')
  void farm.loadState('h')
  void farm.loadState('g')
  const [first, second] = asking(held, 'f/houses/h/state')
  await asking(held, 'f/houses/g/state')[0]?.answer(stateOf(7))
  await second?.fails()
  await first?.answer(stateOf(1))
  expect([farm.states['h']?.value.seq, farm.states['g']?.value.seq]).toEqual([1, 7])
})

test('the farm, its houses and its alerts are the ones that were asked for last', async () => {
  const farm = useFarm()
  farm.open('f')
  const held = questions()
  void farm.reload()
  void farm.reload()
  for (const path of ['f', 'f/houses', 'f/alerts']) {
    const [first, second] = asking(held, path)
    await second?.answer({ ...pageOf('new'), id: 'f', name: 'new' })
    await first?.answer({ ...pageOf('old'), id: 'f', name: 'old' })
  }
  expect([farm.farm?.name, farm.houses?.value[0]?.name]).toEqual(['new', 'new'])
  expect(farm.alerts?.value.map(({ name }) => name)).toEqual(['new'])
})

test('an alert that was seen on a farm that was left since says nothing of the next one', async () => {
  const farm = useFarm()
  farm.open('f')
  const held = questions()
  void farm.acknowledge({ id: 'a' } as Alert)
  farm.open('g')
  await asking(held, 'g/alerts')[0]?.answer({ items: [], next_cursor: null })
  await asking(held, 'f/alerts/a/acknowledge')[0]?.answer({ id: 'a', state: 'unacknowledged' })
  expect(farm.alerts?.value).toEqual([])
})
