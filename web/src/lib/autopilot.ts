/** A house's learned policy: what it may do, what it would do now, and what a person says to that. */

import type { MessageKey } from './i18n'

export const MODES = ['off', 'advise', 'auto'] as const
export type Mode = (typeof MODES)[number]

export interface Limits {
  temperature_min_c: number
  temperature_max_c: number
}

export interface Decision {
  t: string
  /** By how many kelvins warmer the set-points are held. */
  shift_k: number
  /** What it would have them; null: it has no advice. */
  advised_k: number | null
  refused: string | null
  trouble: string | null
  fresh: boolean
  /** What the shift makes of the set-points of now, and what the advice would. */
  held: Limits
  advised: Limits | null
}

export interface Recommendation extends Limits {
  mode: Mode
  supported: boolean
  policy: { id: string; version: string; limits: string[] } | null
  decision: Decision | null
  accepted: { shift_k: number; until: string } | null
  held: boolean
  validated: boolean
}

/** Less than this nobody feels. */
const NOTHING_K = 0.05

/** Returns how a shift is said. */
export function shiftKey(shift_k: number): MessageKey {
  if (Math.abs(shift_k) < NOTHING_K) return 'autopilot.as_set'
  return shift_k > 0 ? 'autopilot.warmer' : 'autopilot.cooler'
}

/** Returns what there is to say yes to now, or null. */
export function advice(view: Recommendation): number | null {
  const { mode, decision, accepted } = view
  if (mode !== 'advise' || decision === null || !decision.fresh) return null
  const wanted = decision.advised_k
  if (wanted === null) return null
  const held = accepted?.shift_k ?? 0
  return Math.abs(wanted - held) < NOTHING_K ? null : wanted
}

/** Tells whether news is on its way that does not come by itself. */
export function awaited(view: Recommendation | null): boolean {
  return view !== null && (!view.held || (view.mode !== 'off' && view.decision?.fresh !== true))
}
