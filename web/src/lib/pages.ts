/** Lists that come in pages, as a whole or one page after the other. */

import { ref, shallowRef } from 'vue'

import type { Api, Request } from './api'
import { asProblem, type Problem } from './problems'
import type { Page } from './types'

const PAGE = 100
/** A phone shows no longer list; what a farm has beyond it is found by searching on the server. */
export const MOST_PAGES = 20

type Query = NonNullable<Request['query']>

/** Returns all items of a list, as far as a phone can hold them. */
export async function allOf<T>(
  api: Pick<Api, 'json'>,
  path: string,
  query: Query = {},
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await api.json(path, { query: { ...query, limit: PAGE, cursor } })
    items.push(...answer.items)
    cursor = answer.next_cursor
    if (cursor === null) break
  }
  return items
}

/** Returns a list that grows when somebody asks for more, newest first. */
export function usePages<T>(
  api: Pick<Api, 'json'>,
  path: () => string,
  limit: number,
  query: () => Query = () => ({}),
) {
  const items = shallowRef<T[]>([])
  const cursor = ref<string | null>(null)
  const loading = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let asked = 0

  const page = (after: string | null): Promise<Page<T>> =>
    api.json(path(), { query: { ...query(), limit, cursor: after } })

  async function fetchPage(after: string | null): Promise<void> {
    const mine = ++asked
    loading.value = true
    problem.value = null
    try {
      const answer = await page(after)
      if (mine !== asked) return
      items.value = after === null ? answer.items : [...items.value, ...answer.items]
      cursor.value = answer.next_cursor
      loaded.value = true
    } catch (thrown) {
      if (mine === asked) problem.value = asProblem(thrown)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  /** Puts what is new ahead of what was fetched, which stays under the reader's finger. */
  async function refresh(idOf: (item: T) => unknown): Promise<void> {
    if (loading.value) return
    if (!loaded.value) return fetchPage(null)
    const mine = ++asked
    try {
      const answer = await page(null)
      if (mine !== asked) return
      problem.value = null
      const newest = new Set(answer.items.map(idOf))
      const older = items.value.filter((item) => !newest.has(idOf(item)))
      // Where nothing of it is known yet, there may be more between.
      const joined = older.length < items.value.length && answer.next_cursor !== null
      if (joined && older.length + newest.size <= MOST_PAGES * limit) {
        items.value = [...answer.items, ...older]
        return
      }
      items.value = answer.items
      cursor.value = answer.next_cursor
    } catch (thrown) {
      if (mine === asked) problem.value = asProblem(thrown)
    }
  }

  return {
    items,
    cursor,
    loading,
    loaded,
    problem,
    refresh,
    /** Fetches the list anew; what is shown stays until it is here. */
    reload: () => fetchPage(null),
    /** Shows another list, and nothing until it is here. */
    restart(): Promise<void> {
      items.value = []
      cursor.value = null
      loaded.value = false
      return fetchPage(null)
    },
    more: () => fetchPage(cursor.value),
  }
}
