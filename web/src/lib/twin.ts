/** The model of a house: what it is asked, what it answers, and how well it knows the house. */

import type { Job } from './jobs'
import type { Point, Series } from './types'

export const SKIES = ['given', 'recorded', 'forecast'] as const
export type Sky = (typeof SKIES)[number]

export interface Hour {
  temperature_c: number
  humidity_pct: number
  radiation_w_m2: number
}

/** A day as people describe it. */
export interface GivenDay {
  coldest_c: number
  hottest_c: number
  humidity_pct: number
  sun: 'clear' | 'cloudy'
}

export interface Plan {
  air_c: number[]
  humidity_pct: number[]
  /** Missing in answers of before it was told. */
  vpd_kpa?: number[]
  air_min_c: number
  air_max_c: number
  hours_too_hot: number
  hours_too_cold: number
  heat_stress_h: number | null
  electricity_kwh: number
  heat_kwh: number
}

export interface WhatIf {
  from: string
  row_s: number
  outdoor_c: number[]
  plans: { as_is: Plan; what_if?: Plan }
  measured: { air_c: (number | null)[] | null; humidity_pct: (number | null)[] | null } | null
  assumed: string[]
}

export interface Off {
  air_k: number | null
}

export interface Twin {
  house: string
  fit: {
    fitted_at: string
    days_fitted: number
    days_held_out: number
    held_out_before: Off
    held_out_after: Off
  } | null
  asked: Job | null
}

const HOURS = 24
/** At six in the morning it is coldest, at two in the afternoon warmest. */
const COLDEST_H = 6
const WARMEST_H = 14
const SUNRISE_H = 6
const SUNSET_H = 18
/** By noon in the tropics, and what clouds leave of it. */
const NOON_W_M2 = { clear: 900, cloudy: 300 } as const
/** So much damper air is, in %, for each kelvin it is cooler than the day's mean. */
const DAMPER_PCT_K = 3

/** Returns from 0 at the coldest hour to 1 at the warmest, along two half waves. */
function warmth(hour: number): number {
  const rising = hour >= COLDEST_H && hour < WARMEST_H
  const since = rising ? hour - COLDEST_H : (hour - WARMEST_H + HOURS) % HOURS
  const half = WARMEST_H - COLDEST_H
  const part = since / (rising ? half : HOURS - half)
  return (1 - Math.cos(Math.PI * (rising ? part : 1 - part))) / 2
}

/** Returns the hours of a day from midnight, and the midnight after it. */
export function hoursOf(day: GivenDay): Hour[] {
  const mean_c = (day.coldest_c + day.hottest_c) / 2
  return Array.from({ length: HOURS + 1 }, (_, number) => {
    const hour = number % HOURS
    const temperature_c = day.coldest_c + (day.hottest_c - day.coldest_c) * warmth(hour)
    const light = Math.sin((Math.PI * (hour - SUNRISE_H)) / (SUNSET_H - SUNRISE_H))
    return {
      temperature_c,
      humidity_pct: Math.min(
        100,
        Math.max(5, day.humidity_pct + DAMPER_PCT_K * (mean_c - temperature_c)),
      ),
      radiation_w_m2: Math.max(0, light) * NOON_W_M2[day.sun],
    }
  })
}

/** Returns rows of one number each as a line of a chart. */
export function lineOf(
  quantity: string,
  values: readonly (number | null)[],
  { from, row_s }: Pick<WhatIf, 'from' | 'row_s'>,
): Series {
  const from_ms = Date.parse(from)
  const points = values.flatMap((value, row): Point[] =>
    value === null ? [] : [[from_ms + row * row_s * 1000, value, 0]],
  )
  return { device_id: '', quantity, unit: '', points, truncated: false }
}
