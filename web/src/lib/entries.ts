/** One of the entries that a house's document lists, its rules or its alarms: switched, written, taken away. */

import { computed, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import type { Problem } from './problems'

export interface Entry {
  id?: string
  name: string
  enabled?: boolean
}

type Write<E extends Entry> = (all: E[], checks?: object) => Promise<boolean>

/** Switches one of the entries on or off. */
export function useSwitches<E extends Entry>(entries: () => readonly E[], write: Write<E>) {
  /** The entry whose switch was tapped, until the server has answered. */
  const tapped = ref<string | null>(null)

  async function enable(id: string | undefined, enabled: boolean): Promise<void> {
    tapped.value = id ?? null
    await write(entries().map((one) => (one.id === id ? { ...one, enabled } : one)))
    tapped.value = null
  }

  return { tapped, enable }
}

export interface Editing<E extends Entry, D> {
  /** What the path calls the entry that is changed; a new one has none there. */
  param: string
  entries: () => readonly E[] | undefined
  write: Write<E>
  problem: Readonly<Ref<Problem | null>>
  /** Says that somebody else changed the entry. */
  clash: () => void
  draftOf: (entry: E) => D
  entryOf: (draft: D) => E
  check: (draft: D) => object
  /** Where to go when all is done. */
  back: string
}

/** Writes a new entry or changes one; the others stay as they are. */
export function useEntryForm<E extends Entry, D>(of: Editing<E, D>) {
  const route = useRoute()
  const router = useRouter()
  const named = route.params[of.param]
  const id = typeof named === 'string' ? named : null
  const draft = ref(null) as Ref<D | null>
  const others = computed(() => (of.entries() ?? []).filter((one) => one.id !== id))
  const found = computed(() => of.entries()?.find((one) => one.id === id))
  /** The entry that the draft was made from, or that a person was told of since; '' for none. */
  let seen = ''
  const text = (): string => (found.value === undefined ? '' : JSON.stringify(found.value))

  /** Returns all entries as they are to be; one that somebody else took away is there again. */
  function changed(held: D): E[] {
    const mine = of.entryOf(held)
    if (found.value === undefined) return [...others.value, mine]
    return (of.entries() ?? []).map((one) => (one.id === id ? mine : one))
  }

  /** Who saves over what somebody else did meanwhile is told first, and then saves on purpose. */
  async function save(): Promise<void> {
    const held = draft.value
    if (held === null) return
    if (seen !== text()) {
      seen = text()
      of.clash()
    } else if (await of.write(changed(held), of.check(held))) {
      await router.replace(of.back)
    } else if (of.problem.value?.code === 'conflict') {
      seen = text()
    }
  }

  async function remove(): Promise<void> {
    if (await of.write(others.value)) await router.replace(of.back)
  }

  watch(found, (entry) => {
    // What is being typed is not overwritten by a refresh.
    if (entry === undefined || draft.value !== null) return
    draft.value = of.draftOf(entry)
    seen = text()
  })
  const missing = computed(() => of.entries() !== undefined && id !== null && !found.value)
  return { id, draft, missing, changed, save, remove }
}
