/** The words for the plans of one house: its units, and what its devices are called. */

import { computed, type Ref } from 'vue'

import { useWords } from './i18n'
import type { PlanSpeech } from './plan_words'
import type { HouseState } from './types'
import { DERIVED_UNIT } from './vapour'

/** Returns the speech for a house, and what can be chosen in it. */
export function usePlanSpeech(state: Readonly<Ref<HouseState | null>>) {
  const words = useWords()
  const actuators = computed(() => state.value?.actuators ?? [])
  const units = computed(
    () => new Map((state.value?.readings ?? []).map(({ quantity, unit }) => [quantity, unit])),
  )
  const speech: PlanSpeech = {
    ...words,
    unitOf: (quantity) => units.value.get(quantity) ?? DERIVED_UNIT[quantity] ?? '',
    deviceOf(id) {
      const found = actuators.value.find(({ device_id }) => device_id === id)
      return found === undefined ? null : words.deviceName(found.name)
    },
  }
  return { speech, actuators }
}
