/** Hours that were unlike the same hour of the days before, as a list says them. */

import { shortUnit } from './quantities'
import type { Anomaly, SeriesAnomalies } from './types'

export interface Unusual extends Anomaly {
  device_id: string
  unit: string
}

/** Returns the newest of all sensors, no more than so many. */
export function newest(series: readonly SeriesAnomalies[], most: number): Unusual[] {
  return series
    .flatMap(({ device_id, unit, anomalies }) =>
      anomalies.map((one) => ({ ...one, device_id, unit: shortUnit(unit) })),
    )
    .sort((a, b) => Date.parse(b.from) - Date.parse(a.from))
    .slice(0, most)
}
