/** What limits may go by in a house, and where one begins that people have not set yet. */

import { bandOf, stepOf } from './quantities'
import type { HouseState, Reading } from './types'
import { derived, withDerived } from './vapour'

export interface Beginning {
  /** What is measured now, or nought where nothing is. */
  near: number
  /** A step of its button. */
  step: number
  /** By how much it trembles. */
  band: number
}

/** Returns what the house's own sensors say: no rule goes by the weather outside. */
function inside(state: HouseState): Reading[] {
  const stations = new Set(
    state.sensors.filter(({ role }) => role === 'weather_station').map((one) => one.device_id),
  )
  return state.readings.filter(({ device_id }) => !stations.has(device_id))
}

/** Returns what a limit may go by, with what follows from it. */
export const limitable = (state: HouseState): Set<string> =>
  withDerived(inside(state).map(({ quantity }) => quantity))

/** Returns where a limit begins: at the mean that the hub's rules go by, too. */
export function beginningOf(state: HouseState, quantity: string): Beginning {
  const own = inside(state)
  const meanOf = (wanted: string): number | null => {
    const values = own.filter((one) => one.quantity === wanted && !one.stale)
    return values.length === 0
      ? null
      : values.reduce((sum, { value }) => sum + value, 0) / values.length
  }
  const band = bandOf(quantity)
  const now = meanOf(quantity) ?? derived(quantity, meanOf) ?? 0
  return { near: Number((Math.round(now / band) * band).toFixed(1)), step: stepOf(quantity), band }
}
