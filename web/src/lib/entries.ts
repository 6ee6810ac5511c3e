/** One of the entries that a house's document lists, its rules or its alarms: switched, written, taken away. */

import { computed, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import { newId } from './ids'
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
  /** A new entry has its id before it is sent: what was written unheard is found again by it. */
  const own_id = id ?? newId()
  const draft = ref(null) as Ref<D | null>
  const others = computed(() => (of.entries() ?? []).filter((one) => one.id !== own_id))
  const found = computed(() => of.entries()?.find((one) => one.id === own_id))
  /** The entry that the draft was made from, or that a person was told of since; '' for none. */
  let seen = ''
  /** The last write got no answer: what has changed since is most likely what this form wrote. */
  let unheard = false
  const text = (): string => (found.value === undefined ? '' : JSON.stringify(found.value))

  /** Returns all entries as they are to be; one that somebody else took away is there again. */
  function changed(held: D): E[] {
    const mine = { ...of.entryOf(held), id: own_id }
    if (found.value === undefined) return [...others.value, mine]
    return (of.entries() ?? []).map((one) => (one.id === own_id ? mine : one))
  }

  /** Who saves over what somebody else did meanwhile is told first, and then saves on purpose. */
  async function save(): Promise<void> {
    const held = draft.value
    if (held === null) return
    if (seen !== text() && !unheard) {
      seen = text()
      of.clash()
      return
    }
    const checks = of.check(held)
    let written = await of.write(changed(held), checks)
    // The version that the server did not expect is the one that this form wrote unheard.
    if (!written && unheard && conflicting()) written = await of.write(changed(held), checks)
    // What the checks hold back is not sent, so it says nothing of the write before it.
    if (Object.keys(checks).length === 0) unheard = of.problem.value?.status === 0
    if (written) await router.replace(of.back)
    else if (conflicting()) seen = text()
  }

  function conflicting(): boolean {
    return of.problem.value?.code === 'conflict'
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
