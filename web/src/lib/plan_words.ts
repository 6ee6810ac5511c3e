/** Schedules, rules and runs in words, in the person's language. */

import { digits } from './formats'
import type { Speech } from './events'
import type { IconName } from './icons'
import type { MessageKey } from './i18n'
import { sayLevel } from './levels'
import {
  WEEKDAYS,
  type Condition,
  type Does,
  type Execution,
  type Rule,
  type RuleKind,
  type Times,
  type Weekday,
} from './plan_types'
import { lookOf, shortUnit } from './quantities'
import { kindOf, type DraftKind } from './schedule_draft'
import type { Language } from './types'

export interface PlanSpeech extends Speech {
  language: { readonly value: Language }
  /** The unit of a quantity in this house, and what its devices are called. */
  unitOf(quantity: string): string
  deviceOf(id: string): string | null
}

export const KIND_ICONS: Readonly<Record<DraftKind, IconName>> = {
  times: 'clock',
  turns: 'refresh',
  sun: 'sun',
  condition: 'thermometer',
  light: 'light',
  air: 'wind',
  sequence: 'list',
  warmth: 'gauge',
}

export const RULE_ICONS: Readonly<Record<RuleKind, IconName>> = {
  threshold: 'thermometer',
  staged: 'limits',
  proportional: 'gauge',
  lead_lag: 'swap',
  exclusion: 'stop',
}

const shortTime = (text: string, language: Language): string => digits(text.slice(0, 5), language)

function sayDays(days: readonly Weekday[] | undefined, speech: PlanSpeech): string {
  if (days === undefined || days.length === WEEKDAYS.length) return speech.t('plan.every_day')
  return WEEKDAYS.filter((day) => days.includes(day))
    .map((day) => speech.t(`plan.day.${day}`))
    .join(' ')
}

/** Returns the moments in words; the days are said where they are not all. */
export function sayTimes(times: Times, speech: PlanSpeech): string {
  switch (times.kind) {
    case 'cron':
      return speech.t('plan.say.cron', { expression: times.expression })
    case 'daily': {
      const list = times.times.map((time) => shortTime(time, speech.language.value)).join(', ')
      return `${list} · ${sayDays(times.days, speech)}`
    }
    case 'sun': {
      const offset_s = times.offset_s ?? 0
      const event = speech.t(`plan.${times.event}`)
      const duration = speech.duration(Math.abs(offset_s))
      const moment =
        offset_s === 0
          ? event
          : speech.t(offset_s > 0 ? 'plan.say.after' : 'plan.say.before', {
              event: event.toLowerCase(),
              duration,
            })
      return `${moment} · ${sayDays(times.days, speech)}`
    }
  }
}

function sayEnd(times: Times, speech: PlanSpeech): string {
  // The days are those of the start.
  return sayTimes(times, speech).split(' · ')[0] ?? ''
}

export function sayValue(value: number, quantity: string, speech: PlanSpeech): string {
  const decimals = Number.isInteger(value) ? 0 : Math.max(1, lookOf(quantity).decimals)
  return `${speech.number(value, decimals)}\u00a0${shortUnit(speech.unitOf(quantity))}`
}

export function sayCondition(one: Condition, speech: PlanSpeech): string {
  return speech.t(`plan.say.${one.comparison}`, {
    quantity: speech.either(`quantity.${one.quantity}`, 'value.none'),
    value: sayValue(one.threshold, one.quantity, speech),
  })
}

/** Returns when a schedule does something, in a line. */
export function sayWhen(does: Does, speech: PlanSpeech): string {
  const { t, duration, number } = speech
  switch (does.kind) {
    case 'time_based': {
      const start = sayTimes(does.start, speech)
      if (does.end) return t('plan.say.until', { start, end: sayEnd(does.end, speech) })
      return t('plan.say.for', { start, duration: duration(does.duration_s ?? 0) })
    }
    case 'duration_based': {
      const turns = t('plan.say.turns', {
        run: duration(does.run_s),
        rest: duration(does.rest_s),
      })
      if (!does.start) return `${turns} · ${t('plan.say.always')}`
      const count = number(does.repeat ?? 1)
      return `${turns} · ${t('plan.say.from', { count, start: sayTimes(does.start, speech) })}`
    }
    case 'condition_based': {
      const join = t(does.combine === 'any' ? 'plan.say.or' : 'plan.say.and')
      return does.conditions.map((one) => sayCondition(one, speech)).join(` ${join} `)
    }
    case 'sequence':
      return t('plan.say.steps', {
        count: number(does.steps.length),
        start: sayTimes(does.start, speech),
      })
    case 'light_curve':
      return t('plan.say.light', { time: shortTime(does.start, speech.language.value) })
    case 'ventilation_curve':
      return t('plan.say.air')
    case 'temperature_curve':
      return t('plan.say.warmth')
  }
}

/** Returns what a schedule without a name is called. */
export function usualName(does: Does, speech: PlanSpeech): string {
  const ids = does.kind === 'sequence' ? does.steps.map((step) => step.device_id) : []
  const [first] = 'devices' in does ? does.devices : ids
  const device = first === undefined ? null : speech.deviceOf(first)
  const kind = speech.t(`plan.kind.${kindOf(does)}`)
  return device === null ? kind : `${device}: ${kind}`
}

const STEP = /^step_(\d+):(.+)$/

/** Returns why a run went as it went; null where the outcome says it all. */
export function sayReason(
  run: Pick<Execution, 'outcome' | 'reason'>,
  speech: PlanSpeech,
): string | null {
  const { reason } = run
  if (reason === null || (run.outcome === 'executed' && reason === 'asked')) return null
  const step = STEP.exec(reason)
  if (step !== null) {
    const why = sayReason({ ...run, reason: step[2] ?? '' }, speech) ?? ''
    return speech.t('run.step', { number: speech.number(Number(step[1])), why })
  }
  const key = ['run.because', 'reason', 'why.interlock']
    .map((group) => `${group}.${reason}`)
    .find((one) => speech.knows(one))
  return key === undefined ? null : speech.t(key as MessageKey)
}

/** Returns what a rule watches for and what it then does, in lines. */
export function sayRule(rule: Rule, speech: PlanSpeech): string[] {
  const names = (ids: readonly string[]): string =>
    ids.map((id) => speech.deviceOf(id) ?? speech.t('event.a_device')).join(', ')
  const act = (when: string, ids: readonly string[], level = 100): string =>
    speech.t('rules.say.act', { when, devices: names(ids), order: sayLevel(level, speech) })
  switch (rule.kind) {
    case 'threshold':
      return [act(sayCondition(rule.when, speech), rule.devices, rule.level)]
    case 'staged':
      return rule.stages.map((stage) =>
        act(
          sayCondition({ ...rule, threshold: stage.threshold }, speech),
          stage.devices,
          stage.level,
        ),
      )
    case 'proportional':
      return [
        speech.t('rules.say.between', {
          quantity: speech.either(`quantity.${rule.quantity}`, 'value.none'),
          from: sayValue(rule.from_value, rule.quantity, speech),
          to: sayValue(rule.to_value, rule.quantity, speech),
          devices: names(rule.devices),
        }),
      ]
    case 'lead_lag': {
      const at = (threshold: number): string => sayCondition({ ...rule, threshold }, speech)
      return [
        speech.t('rules.say.lead', { when: at(rule.lead), devices: names(rule.devices) }),
        speech.t('rules.say.lag', { when: at(rule.lag) }),
      ]
    }
    case 'exclusion':
      return [
        speech.t('rules.say.excludes', {
          running: names(rule.running),
          yields: names(rule.yields),
        }),
      ]
  }
}
