/** What every page about one house needs: its id, its state, its name, where back leads. */

import { computed, onBeforeUnmount, watch } from 'vue'
import { useRoute } from 'vue-router'

import { useWords } from './i18n'
import { useFarm } from '@/stores/farm'

export function useHousePage() {
  const route = useRoute()
  const farm = useFarm()
  const { houseName } = useWords()
  const farm_id = String(route.params['farm'])
  const house_id = String(route.params['house'])
  const state = computed(() => farm.states[house_id]?.value ?? null)
  const card = computed(
    () => state.value?.house ?? farm.houses?.value.find(({ id }) => id === house_id) ?? null,
  )
  const name = computed(() => (card.value === null ? undefined : houseName(card.value.name)))

  watch(
    () => farm.id,
    (id) => {
      if (id !== null && state.value === null) void farm.loadState(house_id)
    },
    { immediate: true },
  )

  return {
    farm,
    farm_id,
    house_id,
    state,
    card,
    name,
    home: `/farms/${farm_id}/houses/${house_id}`,
    path: `farms/${farm_id}/houses/${house_id}`,
  }
}

const LOOK_EVERY_MS = 4_000

/** Looks again now and then while something is awaited of which no news comes by itself. */
export function useLookAgain(look: () => Promise<void>, awaited: () => boolean): void {
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible' && awaited()) void look()
  }, LOOK_EVERY_MS)
  onBeforeUnmount(() => {
    clearInterval(timer)
  })
}
