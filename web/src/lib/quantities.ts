/** How each quantity is shown: places, order on the screen, and the span of its chart. */

export interface QuantityLook {
  decimals: number
  /** The least span of a chart's axis, so that noise does not look like a storm. */
  span: number
  /** Counters and the health of the hardware are not on the dashboard. */
  hidden?: boolean
}

const LOOKS: Readonly<Record<string, QuantityLook>> = {
  water_level: { decimals: 0, span: 100 },
  temperature: { decimals: 1, span: 6 },
  relative_humidity: { decimals: 0, span: 20 },
  vpd: { decimals: 2, span: 1 },
  co2: { decimals: 0, span: 200 },
  ammonia: { decimals: 0, span: 10 },
  ppfd: { decimals: 0, span: 100 },
  illuminance: { decimals: 0, span: 100 },
  soil_moisture: { decimals: 0, span: 20 },
  global_radiation: { decimals: 0, span: 100 },
  leaf_temperature: { decimals: 1, span: 6 },
  leaf_vpd: { decimals: 2, span: 1 },
  absolute_humidity: { decimals: 1, span: 4 },
  air_speed: { decimals: 1, span: 2 },
  wind_direction: { decimals: 0, span: 90 },
  rainfall: { decimals: 1, span: 5 },
  static_pressure: { decimals: 0, span: 10 },
  longwave_radiation: { decimals: 0, span: 100 },
  radiation_sum: { decimals: 0, span: 100 },
  flow_rate: { decimals: 1, span: 5 },
  water_total: { decimals: 0, span: 100 },
  feed_weight: { decimals: 1, span: 10 },
  weight: { decimals: 2, span: 1 },
  power: { decimals: 0, span: 100 },
  energy: { decimals: 1, span: 1 },
  motion: { decimals: 0, span: 1, hidden: true },
  battery: { decimals: 0, span: 20, hidden: true },
  signal_strength: { decimals: 0, span: 20, hidden: true },
}

const ROUND = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]

export const QUANTITIES: readonly string[] = Object.keys(LOOKS)

export function lookOf(quantity: string): QuantityLook {
  return LOOKS[quantity] ?? { decimals: 1, span: 1 }
}

/** Returns by how much a value trembles, as a round number: a twelfth of its chart, or more. */
export function bandOf(quantity: string): number {
  const least = lookOf(quantity).span / 12
  return ROUND.find((one) => one >= least) ?? least
}

/** Returns how far a value is moved by a press of its button. */
export function stepOf(quantity: string): number {
  return lookOf(quantity).decimals > 1 ? bandOf(quantity) : Math.max(bandOf(quantity), 1)
}

/** Returns what is fast within a minute: of a small quantity little is. */
export function rateOf(quantity: string): number {
  return lookOf(quantity).decimals > 1 ? bandOf(quantity) / 10 : bandOf(quantity)
}

/** Returns where a quantity stands on the screen; unknown ones come last. */
export function orderOf(quantity: string): number {
  const index = QUANTITIES.indexOf(quantity)
  return index < 0 ? QUANTITIES.length : index
}

/** Returns a unit as it is written beside a value, in plain signs. */
export function shortUnit(unit: string): string {
  return unit === '% vol' ? '%' : unit
}
