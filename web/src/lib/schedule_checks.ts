/** What is wrong with the form of a schedule, before the server is asked. */

import { parseNumber } from './formats'
import type { MessageKey } from './i18n'
import {
  BY_AGE,
  DAY_S,
  type PointDraft,
  type ScheduleDraft,
  type StartDraft,
  type StepDraft,
} from './schedule_draft'

const MOST_TIMES = 48
const MOST_REPEATS = 288

export type DraftField =
  | 'name'
  | 'devices'
  | 'start'
  | 'end'
  | 'run_s'
  | 'rest_s'
  | 'repeat'
  | 'conditions'
  | 'longest_s'
  | 'steps'
  | 'curve'
  | 'upper'
  | 'capacity'
  | 'valid_until'

export type WrongDraft = Partial<Record<DraftField, MessageKey>>

const isLength = (seconds: number, most_s = DAY_S): boolean => seconds >= 1 && seconds <= most_s

/** Returns what is wrong with a draft; nothing where it says all that the hub needs. */
export function checkDraft(draft: ScheduleDraft): WrongDraft {
  const wrong: WrongDraft = {}
  if (draft.name.trim().length > 100) wrong.name = 'field.too_long'
  if (!['sequence', 'warmth'].includes(draft.kind) && draft.devices.length === 0) {
    wrong.devices = 'plan.wrong.devices'
  }
  if (usesStart(draft)) checkStart(draft.start, wrong)
  if (draft.kind === 'times' || draft.kind === 'sun') checkEnd(draft, wrong)
  if (draft.kind === 'turns') checkTurns(draft, wrong)
  if (draft.kind === 'condition') checkConditions(draft, wrong)
  if (draft.kind === 'sequence') checkSteps(draft.steps, wrong)
  if (BY_AGE.has(draft.kind)) checkCurves(draft, wrong)
  if (draft.valid_from !== '' && draft.valid_until !== '' && draft.valid_until < draft.valid_from) {
    wrong.valid_until = 'plan.wrong.dates'
  }
  return wrong
}

function usesStart({ kind, always }: ScheduleDraft): boolean {
  return kind === 'times' || kind === 'sun' || kind === 'sequence' || (kind === 'turns' && !always)
}

function checkStart(start: StartDraft, wrong: WrongDraft): void {
  const { by, times, days, expression } = start
  if (by === 'cron') {
    if (expression.trim().split(/\s+/).length !== 5) wrong.start = 'plan.wrong.cron'
    return
  }
  if (days.length === 0) wrong.start = 'plan.wrong.days'
  if (by !== 'daily') {
    if (!Number.isFinite(start.offset_s)) wrong.start = 'plan.wrong.length'
    return
  }
  if (times.length === 0 || times.length > MOST_TIMES) wrong.start = 'plan.wrong.times'
  else if (new Set(times).size !== times.length) wrong.start = 'plan.wrong.times_twice'
}

function checkEnd({ start, end }: ScheduleDraft, wrong: WrongDraft): void {
  if (end.by === 'duration' && !isLength(end.duration_s)) wrong.end = 'plan.wrong.length'
  if (end.by === 'daily' && start.by === 'daily' && start.times.includes(end.time)) {
    wrong.end = 'plan.wrong.end'
  }
  const by_sun = end.by === 'sunrise' || end.by === 'sunset'
  if (by_sun && !Number.isFinite(end.offset_s)) wrong.end = 'plan.wrong.length'
  if (by_sun && end.by === start.by && end.offset_s <= start.offset_s) {
    wrong.end = 'plan.wrong.end'
  }
}

function checkTurns({ run_s, rest_s, always, repeat }: ScheduleDraft, wrong: WrongDraft): void {
  if (!isLength(run_s)) wrong.run_s = 'plan.wrong.length'
  if (!isLength(rest_s, 7 * DAY_S)) wrong.rest_s = 'plan.wrong.length'
  const turns = parseNumber(repeat)
  if (always) return
  if (turns === null || !Number.isInteger(turns)) wrong.repeat = 'field.number'
  else if (turns < 1 || turns > MOST_REPEATS || turns * (run_s + rest_s) > 7 * DAY_S) {
    wrong.repeat = 'field.range'
  }
}

function checkConditions({ conditions, longest_s }: ScheduleDraft, wrong: WrongDraft): void {
  const typed = conditions.flatMap(({ threshold, hysteresis }) => [threshold, hysteresis])
  const hysteresis = conditions.map((one) => parseNumber(one.hysteresis) ?? 0)
  if (conditions.length === 0 || typed.some((text) => parseNumber(text) === null)) {
    wrong.conditions = 'field.number'
  } else if (hysteresis.some((value) => value < 0)) wrong.conditions = 'field.range'
  if (!isLength(longest_s)) wrong.longest_s = 'plan.wrong.length'
}

function checkSteps(steps: readonly StepDraft[], wrong: WrongDraft): void {
  if (steps.length === 0) wrong.steps = 'plan.wrong.steps'
  else if (steps.some(({ run_s, rest_s }) => !isLength(run_s) || !(rest_s >= 0))) {
    wrong.steps = 'plan.wrong.length'
  } else if (steps.reduce((sum, { run_s, rest_s }) => sum + run_s + rest_s, 0) > DAY_S) {
    wrong.steps = 'plan.wrong.too_long'
  }
}

function checkCurves(draft: ScheduleDraft, wrong: WrongDraft): void {
  const most = { light: 24, air: 20, warmth: 60 }[draft.kind as 'light' | 'air' | 'warmth']
  const curve = checkCurve(draft.curve, draft.kind === 'warmth' ? -20 : 0, most)
  if (curve !== null) wrong.curve = curve
  if (draft.kind === 'warmth') {
    const upper = checkCurve(draft.upper, -20, most)
    if (upper !== null) wrong.upper = upper
  }
  if (draft.kind === 'air') {
    const capacity = parseNumber(draft.capacity)
    if (draft.capacity.trim() === '') wrong.capacity = 'field.required'
    else if (capacity === null) wrong.capacity = 'field.number'
    else if (capacity < 1) wrong.capacity = 'field.range'
  }
}

function checkCurve(typed: readonly PointDraft[], low: number, high: number): MessageKey | null {
  const days = typed.map(({ day }) => parseNumber(day))
  const values = typed.map(({ value }) => parseNumber(value))
  if (typed.length === 0 || days.includes(null) || values.includes(null)) return 'field.number'
  const rising = days.every((day, index) => index === 0 || (day ?? 0) > (days[index - 1] ?? 0))
  if (!rising || !days.every(Number.isInteger)) return 'plan.wrong.curve_days'
  return values.every((value) => value !== null && value >= low && value <= high)
    ? null
    : 'field.range'
}
