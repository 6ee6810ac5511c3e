/** The alarms of one house, and the words for them. */

import { computed, type Ref } from 'vue'

import type { AlarmField } from './alarm_draft'
import type { Alarms } from './alarm_types'
import type { AlarmSpeech } from './alarm_words'
import { useHouseDocument } from './house_document'
import { useWords } from './i18n'
import type { HouseState } from './types'
import { DERIVED_UNIT } from './vapour'

export function useAlarms(house_path: string) {
  const path = `${house_path}/alarms`
  const { document: alarms, ...rest } = useHouseDocument<AlarmField, Alarms>(path, 'alarms')
  return { ...rest, alarms }
}

/** Returns the speech for a house's alarms, and what they can look at. */
export function useAlarmSpeech(state: Readonly<Ref<HouseState | null>>) {
  const words = useWords()
  const sensors = computed(() => state.value?.sensors ?? [])
  const devices = computed(() => [...sensors.value, ...(state.value?.actuators ?? [])])
  const speech: AlarmSpeech = {
    ...words,
    unitOf: (of) =>
      state.value?.readings.find(({ quantity }) => quantity === of)?.unit ?? DERIVED_UNIT[of] ?? '',
    deviceOf(id) {
      const found = devices.value.find(({ device_id }) => device_id === id)
      return found === undefined ? null : words.deviceName(found.name)
    },
  }
  return { speech, sensors, devices }
}
