/** One ticking second for the whole screen, in server time. */

import { readonly, ref, type Ref } from 'vue'

import { now } from './clock'

const current = ref(now())

/** Starts the tick; a hidden page need not count. */
export function startTicking(): void {
  const tick = (): void => {
    if (document.visibilityState === 'visible') current.value = now()
  }
  setInterval(tick, 1_000)
  document.addEventListener('visibilitychange', tick)
}

export function useNow(): Readonly<Ref<number>> {
  return readonly(current)
}
