/** What was seen in a house: the newest, earlier ones on demand, and the one that a link leads to. */

import { computed, ref, shallowRef, watch, type Ref } from 'vue'

import type { Api } from './api'
import { joined, withOne, type Detection } from './droppings'
import { MOST_PAGES } from './pages'
import { asProblem, type Problem } from './problems'
import type { Page } from './types'

const SHOWN = 48
/** A phone shows no longer list. */
const MOST = MOST_PAGES * SHOWN

export function useSeen(
  api: Pick<Api, 'json'>,
  at: { farm: string; house: string; sought: string | null; chosen: Readonly<Ref<string | null>> },
) {
  /** As the server told them last: of what is now, only these speak. */
  const newest = shallowRef<Detection[] | null>(null)
  /** What was fetched beyond them. */
  const earlier = shallowRef<Detection[]>([])
  const cursor = ref<string | null>(null)
  const loading = ref(false)
  /** The one that a link leads to is not here yet: no other one is to be taken for it. */
  const seeking = ref(at.sought !== null)
  /** It is there no more, as far back as this server knows. */
  const gone = ref(false)
  const problem = shallowRef<Problem | null>(null)
  /** Counts what was asked for: only the newest answer is shown. */
  let asked = 0
  let is_paged = false

  const list = computed(() =>
    newest.value === null && earlier.value.length === 0
      ? null
      : joined(newest.value ?? [], earlier.value),
  )
  const has_more = computed(() => cursor.value !== null && (list.value?.length ?? 0) < MOST)
  const known = (id: string): Detection | undefined => list.value?.find((one) => one.id === id)
  const page = (after: string | null): Promise<Page<Detection>> =>
    api.json(`${at.house}/detections`, { query: { limit: SHOWN, cursor: after } })

  async function load(): Promise<void> {
    const mine = (asked += 1)
    if (seeking.value && at.sought !== null) void loadOne(at.sought)
    try {
      const answer = await page(null)
      if (mine !== asked) return
      const ids = new Set(answer.items.map(({ id }) => id))
      const before = newest.value ?? []
      if (before.some(({ id }) => ids.has(id)) && earlier.value.length < MOST) {
        earlier.value = joined(before, earlier.value)
      } else {
        // There may be more between.
        earlier.value = earlier.value.filter(({ id }) => id === at.sought)
        is_paged = false
      }
      newest.value = answer.items
      if (!is_paged) cursor.value = answer.next_cursor
      if (!seeking.value) problem.value = null
    } catch (thrown) {
      if (mine === asked) problem.value = asProblem(thrown)
    }
  }

  async function loadOne(id: string): Promise<void> {
    const before = known(id)
    try {
      const one = await api.json<Detection>(`${at.farm}/detections/${id}`)
      // What a person has said of it meanwhile is not known to this answer.
      if (known(id) === before) earlier.value = withOne(earlier.value, one)
      if (id !== at.sought || !seeking.value) return
      seeking.value = false
      problem.value = null
    } catch (thrown) {
      if (id !== at.sought || !seeking.value) return
      problem.value = asProblem(thrown)
      gone.value = problem.value.code === 'not_found'
    }
  }

  // Who looks at another photograph waits no longer for one that is gone.
  watch([gone, at.chosen], () => {
    if (!gone.value || !seeking.value || at.chosen.value === at.sought) return
    seeking.value = false
    problem.value = null
  })

  async function more(): Promise<void> {
    const after = cursor.value
    if (loading.value || after === null) return
    loading.value = true
    try {
      const answer = await page(after)
      // Meanwhile the list may have begun anew.
      if (cursor.value !== after) return
      earlier.value = joined(earlier.value, answer.items)
      cursor.value = answer.next_cursor
      is_paged = true
      problem.value = null
    } catch (thrown) {
      problem.value = asProblem(thrown)
    } finally {
      loading.value = false
    }
  }

  return {
    newest,
    list,
    has_more,
    loading,
    seeking,
    problem,
    load,
    more,
    /** Fetches what is new, and anew what is told of, wherever it stands. */
    refresh(id: string): void {
      void load()
      if (earlier.value.some((one) => one.id === id)) void loadOne(id)
    },
    take(one: Detection): void {
      // What was asked for before knows nothing of it.
      asked += 1
      const is_earlier = earlier.value.some(({ id }) => id === one.id)
      if (is_earlier) earlier.value = withOne(earlier.value, one)
      if (!is_earlier || newest.value?.some(({ id }) => id === one.id) === true) {
        newest.value = withOne(newest.value ?? [], one)
      }
    },
  }
}
