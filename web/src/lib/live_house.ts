/** A house that is looked at: its state, kept live, and how far that can be believed. */

import { computed, onBeforeUnmount, watch, type Ref } from 'vue'

import { byUrgency, toMs } from './live'
import { useNow } from './now'
import { useFarm } from '@/stores/farm'

export function useLiveHouse(house_id: Readonly<Ref<string>>) {
  const farm = useFarm()
  const now = useNow()
  const shown = computed(() => farm.states[house_id.value] ?? null)
  const state = computed(() => shown.value?.value ?? null)
  const hub_online = computed(() => state.value?.hub?.online ?? null)
  const phone_fresh = computed(() => farm.fresh && shown.value?.cached === false)
  /** Live on the phone, and the hub speaks. */
  const fresh = computed(() => phone_fresh.value && hub_online.value === true)
  const as_of_ms = computed(() => {
    const live_ms = toMs(state.value?.live_t ?? state.value?.hub?.last_seen_at ?? null)
    const seen_ms = phone_fresh.value ? now.value : Math.max(shown.value?.at_ms ?? 0, farm.heard_ms)
    return live_ms === null ? seen_ms : Math.min(live_ms, seen_ms)
  })
  const alerts = computed(() => [...(state.value?.alerts ?? [])].sort(byUrgency))
  /** What safety locked: its alert stays until a person has unlocked it. */
  const latched = computed(
    () =>
      new Set(
        alerts.value
          .filter(({ type, cleared_at }) => type === 'water_not_rising' && cleared_at === null)
          .map(({ device_id }) => device_id),
      ),
  )

  watch(
    house_id,
    (id) => {
      farm.looking_at = id
      void farm.loadState(id)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => {
    farm.looking_at = null
  })

  return { state, hub_online, phone_fresh, fresh, as_of_ms, alerts, latched }
}
