/** A rule as a form holds it: what is typed, what is wrong with it, what is sent. */

import { parseNumber } from './formats'
import type { MessageKey } from './i18n'
import { lastOf } from './lists'
import type { Comparison, Rule, RuleKind } from './plan_types'
import { newCondition, type ConditionDraft } from './schedule_draft'
import { stepOf } from './quantities'
import type { Beginning } from './thresholds'

export const RULE_KINDS = ['threshold', 'staged', 'lead_lag', 'proportional', 'exclusion'] as const
/** What few people need is one tap further away. */
export const RARE_RULES: ReadonlySet<RuleKind> = new Set(['lead_lag', 'proportional', 'exclusion'])

export interface StageDraft {
  threshold: string
  devices: string[]
  level: number
}

export interface RuleDraft {
  id: string | null
  kind: RuleKind
  name: string
  enabled: boolean
  condition: ConditionDraft
  devices: string[]
  level: number
  stages: StageDraft[]
  /** The further one of two values: where the helper joins, or where devices are fully on. */
  further: string
  from_level: number
  to_level: number
  step: number
  swap_every_s: number
  yields: string[]
}

export type RuleField = 'name' | 'devices' | 'condition' | 'stages' | 'further' | 'yields'

const DAY_S = 86_400
const STAGE_STEPS = 2
const PAIR_STEPS = { lead_lag: 1, proportional: 4 } as const

export function newRule(kind: RuleKind): RuleDraft {
  return {
    id: null,
    kind,
    name: '',
    enabled: true,
    condition: { ...newCondition(), for_s: 0 },
    devices: [],
    level: 100,
    stages: [
      { threshold: '28', devices: [], level: 100 },
      { threshold: '30', devices: [], level: 100 },
    ],
    further: '34',
    from_level: 0,
    to_level: 100,
    step: 5,
    swap_every_s: DAY_S,
    yields: [],
  }
}

/** Returns a stage that begins further out than the last one. */
export function nextStage(draft: RuleDraft): StageDraft {
  const last = parseNumber(lastOf(draft.stages)?.threshold ?? '') ?? 28
  const apart = STAGE_STEPS * stepOf(draft.condition.quantity)
  const next = draft.condition.comparison === 'above' ? last + apart : last - apart
  return { threshold: plain(next), devices: [], level: 100 }
}

const plain = (value: number): string => String(Number(value.toFixed(1)))

/**
 * Returns the values of a rule that now goes by a quantity which is so much at present: apart, the
 * way that the rule goes, and within what there is, for no air is damper than 100 %.
 */
export function begunAt(
  draft: RuleDraft,
  { near, step }: Beginning,
  unitOf: (quantity: string) => string,
): Pick<RuleDraft, 'condition' | 'further' | 'stages'> {
  const { condition, kind, stages } = draft
  const pair = kind === 'proportional' || kind === 'lead_lag' ? PAIR_STEPS[kind] : 0
  const far = step * (kind === 'staged' ? STAGE_STEPS * (stages.length - 1) : pair)
  const down = kind !== 'proportional' && condition.comparison === 'below'
  const most = unitOf(condition.quantity).startsWith('%') ? 100 : Infinity
  const first = down ? Math.max(near, far) : Math.min(near, most - far)
  const after = (steps: number): string => plain(down ? first - steps * step : first + steps * step)
  return {
    condition: { ...condition, threshold: after(0) },
    further: after(pair),
    stages: stages.map((stage, index) => ({ ...stage, threshold: after(STAGE_STEPS * index) })),
  }
}

/** Returns the form of a rule that is there. */
export function ruleDraftOf(rule: Rule): RuleDraft {
  const draft = newRule(rule.kind)
  Object.assign(draft, { id: rule.id, name: rule.name, enabled: rule.enabled ?? true })
  if ('devices' in rule) draft.devices = [...rule.devices]
  if ('level' in rule && rule.level !== undefined) draft.level = rule.level
  const { condition } = draft
  if ('quantity' in rule) condition.quantity = rule.quantity
  if ('comparison' in rule) condition.comparison = rule.comparison
  if ('hysteresis' in rule) condition.hysteresis = String(rule.hysteresis ?? 0)
  switch (rule.kind) {
    case 'threshold':
      draft.condition = {
        quantity: rule.when.quantity,
        comparison: rule.when.comparison,
        threshold: String(rule.when.threshold),
        hysteresis: String(rule.when.hysteresis ?? 0),
        for_s: rule.when.for_s ?? 0,
        device_id: rule.when.device_id ?? null,
      }
      break
    case 'staged':
      draft.stages = rule.stages.map(({ threshold, devices, level = 100 }) => ({
        threshold: String(threshold),
        devices: [...devices],
        level,
      }))
      break
    case 'proportional':
      condition.threshold = String(rule.from_value)
      draft.further = String(rule.to_value)
      draft.from_level = rule.from_level ?? draft.from_level
      draft.to_level = rule.to_level ?? draft.to_level
      draft.step = rule.step ?? draft.step
      break
    case 'lead_lag':
      condition.threshold = String(rule.lead)
      draft.further = String(rule.lag)
      draft.swap_every_s = rule.swap_every_s ?? draft.swap_every_s
      break
    case 'exclusion':
      draft.devices = [...rule.running]
      draft.yields = [...rule.yields]
  }
  return draft
}

const numberOf = (text: string): number => parseNumber(text) ?? 0

/** Returns the rule as it is sent; a new one has no id yet. */
export function ruleOf(draft: RuleDraft, otherwise: string): Rule {
  const { condition, devices, level } = draft
  const { quantity, comparison } = condition
  const hysteresis = numberOf(condition.hysteresis)
  const base = {
    ...(draft.id === null ? {} : { id: draft.id }),
    name: (draft.name.trim() || otherwise).slice(0, 100),
    enabled: draft.enabled,
  } as Pick<Rule, 'id' | 'name' | 'enabled'>
  switch (draft.kind) {
    case 'threshold': {
      const threshold = numberOf(condition.threshold)
      return {
        ...base,
        kind: 'threshold',
        when: { ...condition, threshold, hysteresis },
        devices,
        level,
      }
    }
    case 'staged': {
      const stages = draft.stages.map((one) => ({ ...one, threshold: numberOf(one.threshold) }))
      return { ...base, kind: 'staged', quantity, comparison, stages, hysteresis }
    }
    case 'proportional': {
      const { from_level, to_level, step } = draft
      const from_value = numberOf(condition.threshold)
      const to_value = numberOf(draft.further)
      const band = { from_value, to_value, from_level, to_level, step }
      return { ...base, kind: 'proportional', quantity, ...band, devices }
    }
    case 'lead_lag': {
      const { swap_every_s } = draft
      const [lead, lag] = [numberOf(condition.threshold), numberOf(draft.further)]
      const rest = { hysteresis, swap_every_s, level }
      return { ...base, kind: 'lead_lag', quantity, comparison, lead, lag, devices, ...rest }
    }
    case 'exclusion':
      return { ...base, kind: 'exclusion', running: devices, yields: draft.yields }
  }
}

export type WrongRule = Partial<Record<RuleField, MessageKey>>

/** Returns what is wrong with a draft; nothing where it says all that the hub needs. */
export function checkRule(draft: RuleDraft): WrongRule {
  const wrong: WrongRule = {}
  const { condition } = draft
  if (draft.name.trim().length > 100) wrong.name = 'field.too_long'
  if (draft.kind !== 'staged' && draft.devices.length === 0) wrong.devices = 'plan.wrong.devices'
  if (draft.kind === 'lead_lag' && draft.devices.length === 1) wrong.devices = 'plan.wrong.twins'
  if (draft.kind === 'exclusion') {
    if (draft.yields.length === 0) wrong.yields = 'plan.wrong.devices'
    if (draft.yields.some((id) => draft.devices.includes(id))) wrong.yields = 'plan.wrong.itself'
    return wrong
  }
  const hysteresis = parseNumber(condition.hysteresis)
  if (hysteresis === null) wrong.condition = 'field.number'
  else if (hysteresis < 0) wrong.condition = 'field.range'
  if (draft.kind === 'staged') {
    const stages = checkStages(draft.stages, condition.comparison)
    if (stages !== null) wrong.stages = stages
    return wrong
  }
  const [near, far] = [parseNumber(condition.threshold), parseNumber(draft.further)]
  if (near === null) wrong.condition = 'field.number'
  if (draft.kind === 'threshold') return wrong
  if (far === null) wrong.further = 'field.number'
  else if (near !== null && !isFurther(near, far, draft)) wrong.further = 'plan.wrong.further'
  return wrong
}

function isFurther(near: number, far: number, { kind, condition }: RuleDraft): boolean {
  // Between two values there is only one direction: upwards.
  return kind === 'proportional' || condition.comparison === 'above' ? far > near : far < near
}

function checkStages(stages: readonly StageDraft[], comparison: Comparison): MessageKey | null {
  if (stages.length === 0) return 'plan.wrong.steps'
  if (stages.some(({ devices }) => devices.length === 0)) return 'plan.wrong.stage_devices'
  const values = stages.map(({ threshold }) => parseNumber(threshold))
  if (values.includes(null)) return 'field.number'
  const ordered = values.every((value, index) => {
    const before = values[index - 1]
    if (value === null || before === undefined || before === null) return true
    return comparison === 'above' ? value >= before : value <= before
  })
  return ordered ? null : 'plan.wrong.stage_order'
}
