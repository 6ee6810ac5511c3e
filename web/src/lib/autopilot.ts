/** A house's learned policy: what it may do, what it would do now, and what a person says to that. */

import type { MessageKey } from './i18n'

export const MODES = ['off', 'advise', 'auto'] as const
export type Mode = (typeof MODES)[number]

export interface Limits {
  temperature_min_c: number
  temperature_max_c: number
}

export interface Held extends Limits {
  /** The least part of the fans that runs between the limits; 1: all of them. */
  fan_share: number
}

export interface Decision {
  t: string
  /** By how many kelvins warmer the set-points are held. */
  shift_k: number
  fan_share: number
  /** What it would have them; null: it has no advice. */
  advised_k: number | null
  /** Null also where the control box is older than shares. */
  advised_share: number | null
  refused: string | null
  trouble: string | null
  fresh: boolean
  /** What was decided makes of the set-points of now, and what the advice would. */
  held: Held
  advised: Held | null
}

export interface Recommendation extends Limits {
  mode: Mode
  supported: boolean
  policy: { id: string; version: string; limits: string[] } | null
  decision: Decision | null
  accepted: { shift_k: number; fan_share: number; until: string } | null
  held: boolean
  validated: boolean
}

/** The advice as it was read, and is sent when a person says yes. */
export interface Advice {
  advised_k: number
  advised_share: number | null
}

/** Less than this nobody feels. */
const NOTHING_K = 0.05
const ALL = 1
/** What a share of a number of fans may be off by its digits alone. */
const ROUNDING = 1e-9

/** Returns how many of a house's fans a part of them is, as the control box counts: one at least. */
export function fansOf(share: number, fans: number): number {
  return Math.max(Math.ceil(share * fans - ROUNDING), Math.min(fans, 1))
}

/** Returns a share as it is said where nobody knows how many fans there are, in percent. */
export const percentOf = (share: number): number => Math.round(100 * share)

function areSame(one: number, other: number, fans: number | null): boolean {
  if (fans === null) return percentOf(one) === percentOf(other)
  return fansOf(one, fans) === fansOf(other, fans)
}

/** Tells whether a share lets any of a house's fans rest; how many it has may be unknown. */
export const isFewer = (share: number, fans: number | null): boolean => !areSame(share, ALL, fans)

/** Tells whether fewer than all fans run, are advised or were agreed to: else nobody asks. */
export function tellsFans({ decision, accepted }: Recommendation, fans: number | null): boolean {
  const shares = [decision?.held.fan_share, decision?.advised?.fan_share, accepted?.fan_share]
  return shares.some((share) => share !== undefined && isFewer(share, fans))
}

/** Returns how a decision is said. */
export function shiftKey(shift_k: number, fewer_fans: boolean): MessageKey {
  if (Math.abs(shift_k) < NOTHING_K) {
    return fewer_fans ? 'autopilot.fewer_fans' : 'autopilot.as_set'
  }
  return shift_k > 0 ? 'autopilot.warmer' : 'autopilot.cooler'
}

/** Returns what there is to say yes to now, or null. */
export function advice(view: Recommendation, fans: number | null): Advice | null {
  const { mode, decision, accepted } = view
  if (mode !== 'advise' || decision === null || !decision.fresh) return null
  const { advised_k, advised_share } = decision
  if (advised_k === null) return null
  const held = accepted ?? { shift_k: 0, fan_share: ALL }
  const same =
    Math.abs(advised_k - held.shift_k) < NOTHING_K &&
    areSame(advised_share ?? ALL, held.fan_share, fans)
  return same ? null : { advised_k, advised_share }
}

/** Tells whether news is on its way that does not come by itself. */
export function awaited(view: Recommendation | null): boolean {
  return view !== null && (!view.held || (view.mode !== 'off' && view.decision?.fresh !== true))
}
