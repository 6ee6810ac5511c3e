/** What a house measures, sorted for its page: the tank, the house's own values, the weather. */

import { computed, type Ref } from 'vue'

import { useWords } from './i18n'
import { lookOf, orderOf } from './quantities'
import type { HouseState, Reading } from './types'
import { derivedIn, isDrawn } from './vapour'

export function useHouseReadings(state: Readonly<Ref<HouseState | null>>) {
  const { t, either, deviceName } = useWords()

  const derived = computed(() => derivedIn(state.value))
  const visible = computed(() =>
    [...(state.value?.readings ?? []), ...derived.value]
      .filter(({ quantity }) => lookOf(quantity).hidden !== true)
      .sort((a, b) => orderOf(a.quantity) - orderOf(b.quantity)),
  )
  const water = computed(() => visible.value.filter(({ quantity }) => quantity === 'water_level'))
  const outside = computed(
    () =>
      new Set(
        (state.value?.sensors ?? [])
          .filter(({ role }) => role === 'weather_station')
          .map(({ device_id }) => device_id),
      ),
  )
  const tiles = computed(() =>
    visible.value.filter(
      ({ quantity, device_id }) => quantity !== 'water_level' && !outside.value.has(device_id),
    ),
  )
  const weather = computed(() =>
    visible.value.filter(({ device_id }) => outside.value.has(device_id)),
  )
  const quantities = computed(() => {
    const drawn = visible.value.filter(
      (one) => !derived.value.includes(one) || isDrawn(one.quantity),
    )
    return [...new Set(drawn.map(({ quantity }) => quantity))]
  })

  const quantityText = (quantity: string): string => either(`quantity.${quantity}`, 'value.none')

  /** Returns where a value was measured, when the house has several sensors of this kind. */
  function placeOf(reading: Reading): string | undefined {
    if (outside.value.has(reading.device_id)) return t('house.outside')
    const alike = visible.value.filter(
      ({ quantity, device_id }) => quantity === reading.quantity && !outside.value.has(device_id),
    )
    if (alike.length < 2) return undefined
    const zones = new Set(alike.map(({ zone }) => zone))
    return zones.size === alike.length ? reading.zone : deviceName(reading.device_name)
  }

  /** Returns what the sensors of a quantity are called in its chart, by their ids. */
  function namesFor(wanted: string): Record<string, string> {
    return Object.fromEntries(
      visible.value
        .filter(({ quantity }) => quantity === wanted)
        .map((reading) => [reading.device_id, placeOf(reading) ?? quantityText(wanted)]),
    )
  }

  return { visible, water, outside, tiles, weather, quantities, quantityText, placeOf, namesFor }
}
