/** A picture that needs the token and so can't be a plain `src`: fetched, held with its time, let go. */

import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'

import { asProblem } from './problems'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

interface Picture {
  path: string
  url: string
  /** What was said of it when it was asked for. */
  taken: string
}

const NOT_FOUND = 404

export function usePicture(of: { path: () => string | null; taken: () => string }) {
  const session = useSession()
  const farm = useFarm()
  const shown = shallowRef<Picture | null>(null)
  const missing = ref(false)
  let again = false
  let turn = 0

  function show(picture: Picture | null): void {
    if (shown.value !== null) URL.revokeObjectURL(shown.value.url)
    shown.value = picture
  }

  /** Fetches it; the last one of the same place stays, with its own time, where a newer one can't be had. */
  async function look(): Promise<void> {
    const mine = ++turn
    const path = of.path()
    const taken = of.taken()
    if (path === null) return
    again = false
    try {
      const blob = await session.api.blob(path)
      if (mine !== turn) return
      missing.value = false
      show({ path, url: URL.createObjectURL(blob), taken })
    } catch (thrown) {
      if (mine !== turn) return
      if (shown.value?.path !== path) show(null)
      missing.value = true
      again = asProblem(thrown).status !== NOT_FOUND
    }
  }

  watch([of.path, of.taken], look, { immediate: true })
  watch(
    () => farm.link,
    (link) => {
      if (again && (link === 'live' || link === 'polling')) void look()
    },
  )
  onBeforeUnmount(() => {
    turn += 1
    show(null)
  })
  return { shown, missing }
}
