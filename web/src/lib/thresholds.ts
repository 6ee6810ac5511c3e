/** Where a limit begins that people have not set yet: at what is measured now. */

import { bandOf, stepOf } from './quantities'
import type { Reading } from './types'
import { derivedReadings } from './vapour'

export interface Beginning {
  /** What is measured now, or nought where nothing is. */
  near: number
  /** A step of its button. */
  step: number
  /** By how much it trembles. */
  band: number
}

/** Returns where a limit of a quantity begins in a house that measures these. */
export function beginningOf(readings: readonly Reading[], quantity: string): Beginning {
  const step = stepOf(quantity)
  const now = [...readings, ...derivedReadings(readings)].find((one) => one.quantity === quantity)
  return {
    near: Number((Math.round((now?.value ?? 0) / step) * step).toFixed(1)),
    step,
    band: bandOf(quantity),
  }
}
