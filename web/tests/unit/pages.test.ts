import { describe, expect, it } from 'vitest'

import type { Request } from '@/lib/api'
import { findHouses } from '@/lib/houses'
import { allOf, MOST_PAGES, usePages } from '@/lib/pages'
import { Problem } from '@/lib/problems'
import type { HouseCard } from '@/lib/types'

/** A server whose list has so many pages of two. */
function server(pages: number) {
  const asked: (string | null)[] = []
  return {
    asked,
    json<T>(_path: string, request: Request = {}): Promise<T> {
      const cursor = (request.query?.['cursor'] ?? null) as string | null
      asked.push(cursor)
      const page = Number(cursor ?? 0)
      const next_cursor = page + 1 < pages ? String(page + 1) : null
      return Promise.resolve({ items: [page * 2, page * 2 + 1], next_cursor } as T)
    },
  }
}

describe('a list in pages', () => {
  it('is fetched to its end', async () => {
    expect(await allOf(server(3), 'farms')).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('is bounded', async () => {
    const endless = server(10_000)
    await allOf(endless, 'farms')
    expect(endless.asked).toHaveLength(MOST_PAGES)
  })

  it('grows when more is asked for, and starts over', async () => {
    const list = usePages<number>(server(2), () => 'runs', 2)
    await list.reload()
    expect(list.items.value).toEqual([0, 1])
    await list.more()
    expect(list.items.value).toEqual([0, 1, 2, 3])
    expect(list.cursor.value).toBeNull()
    await list.reload()
    expect(list.items.value).toEqual([0, 1])
  })

  it('drops an answer that another list has overtaken', async () => {
    const answers: ((page: unknown) => void)[] = []
    const slow = { json: <T>() => new Promise<T>((done) => answers.push(done as never)) }
    const list = usePages<string>(slow, () => 'events', 2)
    const [first, second] = [list.restart(), list.restart()]
    answers[1]?.({ items: ['new'], next_cursor: null })
    answers[0]?.({ items: ['old'], next_cursor: 'more' })
    await Promise.all([first, second])
    expect(list.items.value).toEqual(['new'])
    expect(list.cursor.value).toBeNull()
  })

  /** A list whose newest item may change, in pages of twenty. */
  function growing() {
    const all = Array.from({ length: 60 }, (_, index) => ({ id: 60 - index, read: false }))
    const api = {
      json<T>(_path: string, request: Request = {}): Promise<T> {
        const from = Number(request.query?.['cursor'] ?? 0)
        const items = all.slice(from, from + 20)
        const next_cursor = from + 20 < all.length ? String(from + 20) : null
        return Promise.resolve({ items, next_cursor } as T)
      },
    }
    const list = usePages<(typeof all)[number]>(api, () => 'messages', 20)
    return { all, api, list, ids: () => list.items.value.map(({ id }) => id) }
  }
  const idOf = ({ id }: { id: number }): number => id

  it('keeps what was fetched when it is looked at again', async () => {
    const { all, list, ids } = growing()
    await list.reload()
    await list.more()
    all.splice(0, 1, { id: 60, read: true })
    await list.refresh(idOf)
    expect(ids()).toEqual(Array.from({ length: 40 }, (_, index) => 60 - index))
    expect(list.items.value[0]?.read).toBe(true)
    expect(list.cursor.value).toBe('40')
  })

  it('puts what is new ahead, and starts over where there may be a hole', async () => {
    const { all, list, ids } = growing()
    await list.reload()
    await list.more()
    all.unshift({ id: 61, read: false })
    await list.refresh(idOf)
    expect(ids()).toEqual(Array.from({ length: 41 }, (_, index) => 61 - index))
    all.unshift(...Array.from({ length: 30 }, (_, index) => ({ id: 91 - index, read: false })))
    await list.refresh(idOf)
    expect(ids()).toEqual(Array.from({ length: 20 }, (_, index) => 91 - index))
    expect(list.cursor.value).toBe('20')
  })

  it('is not looked at again while more is under way', async () => {
    const { list, ids } = growing()
    await list.reload()
    await Promise.all([list.more(), list.refresh(idOf)])
    expect(ids()).toHaveLength(40)
  })

  it('keeps what it has when the server is away', async () => {
    const list = usePages<number>(server(2), () => 'runs', 2)
    await list.reload()
    const away = usePages<number>(
      { json: () => Promise.reject(new Problem('unavailable')) },
      () => 'runs',
      2,
    )
    await away.reload()
    expect(away.problem.value?.code).toBe('unavailable')
    expect(list.items.value).toEqual([0, 1])
  })
})

describe('the search for a house', () => {
  const houses = [
    { id: 'a', number: 1, name: 'Coop 1' },
    { id: 'b', number: 12, name: 'Coop 12' },
    { id: 'c', number: 3, name: 'North' },
  ] as HouseCard[]
  const khmer = (name: string): string => name.replace('Coop 1', 'ទ្រុងមាន់ទី១')
  const found = (typed: string): string[] => findHouses(houses, typed, khmer).map(({ id }) => id)

  it('takes numbers in both scripts, names as stored and as shown', () => {
    expect(found('១២')).toEqual(['b'])
    expect(found('12')).toEqual(['b'])
    expect(found('north')).toEqual(['c'])
    expect(found('ទ្រុងមាន់ទី១')).toEqual(['a', 'b'])
    expect(found('')).toEqual(['a', 'b', 'c'])
  })
})
