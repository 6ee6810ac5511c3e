/** What happens to a tap, from the finger to the device's own report: one table. */

import type { Actuator, Command, CommandState } from './types'

export type Phase =
  'idle' | 'asking' | 'waiting' | 'confirmed' | 'failed' | 'refused' | 'unanswered'

export type ControlEvent =
  'tap' | 'accepted' | 'completed' | 'failed' | 'refused' | 'timeout' | 'settle'

/**
 * The whole machine; what is not in it does not happen.
 *
 * `asking`: sent to the server. `waiting`: the server has it, the device has not reported.
 * `unanswered` is a failure to the person, yet the device's word, arriving late, corrects it.
 * A second tap while one is under way is ignored, so that one finger is one order.
 */
export const TRANSITIONS: Readonly<Record<Phase, Partial<Record<ControlEvent, Phase>>>> = {
  idle: { tap: 'asking' },
  asking: {
    accepted: 'waiting',
    completed: 'confirmed',
    failed: 'failed',
    refused: 'refused',
    timeout: 'unanswered',
  },
  waiting: { completed: 'confirmed', failed: 'failed', refused: 'refused', timeout: 'unanswered' },
  confirmed: { tap: 'asking', settle: 'idle', failed: 'failed', refused: 'refused' },
  failed: { tap: 'asking', settle: 'idle' },
  refused: { tap: 'asking', settle: 'idle' },
  unanswered: {
    tap: 'asking',
    settle: 'idle',
    completed: 'confirmed',
    failed: 'failed',
    refused: 'refused',
  },
}

/** No answer within this is a failure; the person is told to look at the device. */
export const NO_ANSWER_MS = 10_000
/** A confirmation is read in this time, then the control says again why it is on. */
export const SETTLE_MS = 6_000

/** What a person can ask of a device: a level for a while, automatic again, or a latch cleared. */
export type Order = { level: number; duration_s: number } | { action: 'auto' | 'reset' }
export type Asked = 'level' | 'auto' | 'reset'

export interface Control {
  phase: Phase
  asked: Asked
  /** The level that was asked, in %. */
  wanted: number | null
  command_id: string | null
  /** A code of `domain.commands.Reason` or of the problem table. */
  reason: string | null
  /** When the present phase began, on the monotonic clock. */
  since_ms: number
}

export const IDLE: Readonly<Control> = {
  phase: 'idle',
  asked: 'level',
  wanted: null,
  command_id: null,
  reason: null,
  since_ms: 0,
}

export interface Happened {
  event: ControlEvent
  at_ms: number
  order?: Order
  command_id?: string
  reason?: string | null
}

/** Returns the control after an event; an event that its phase does not know changes nothing. */
export function step(control: Control, happened: Happened): Control {
  const phase = TRANSITIONS[control.phase][happened.event]
  if (phase === undefined) return control
  if (happened.event === 'settle') return { ...IDLE, since_ms: happened.at_ms }
  if (happened.event === 'tap') {
    return { ...asking(happened.order), phase, since_ms: happened.at_ms }
  }
  return {
    ...control,
    phase,
    command_id: happened.command_id ?? control.command_id,
    reason: happened.reason ?? null,
    // The ten seconds count from the tap, not from the server's receipt.
    since_ms: happened.event === 'accepted' ? control.since_ms : happened.at_ms,
  }
}

function asking(order: Order | undefined): Control {
  if (order === undefined) return { ...IDLE }
  return 'action' in order
    ? { ...IDLE, asked: order.action }
    : { ...IDLE, asked: 'level', wanted: order.level }
}

const STATUS_EVENT: Readonly<Record<CommandState, ControlEvent | null>> = {
  queued: null,
  sent: null,
  executing: null,
  completed: 'completed',
  failed: 'failed',
  refused: 'refused',
  expired: 'failed',
  cancelled: 'failed',
  interrupted: 'failed',
  unknown: 'timeout',
}

/** Returns the control after the server told how its order stands; another order's status is none of ours. */
export function onStatus(control: Control, command: Command, at_ms: number): Control {
  const event = STATUS_EVENT[command.state]
  if (event === null || control.command_id !== command.id) return control
  const reason = command.reason ?? (event === 'completed' ? null : command.state)
  return step(control, { event, at_ms, reason })
}

/** Returns the control after time went by. */
export function onTick(control: Control, at_ms: number): Control {
  const age_ms = at_ms - control.since_ms
  if (isPending(control) && age_ms >= NO_ANSWER_MS) {
    return step(control, { event: 'timeout', at_ms, reason: 'no_answer' })
  }
  if (control.phase === 'confirmed' && age_ms >= SETTLE_MS) {
    return step(control, { event: 'settle', at_ms })
  }
  return control
}

export function isPending(control: Control): boolean {
  return control.phase === 'asking' || control.phase === 'waiting'
}

export type Blocked = 'phone_offline' | 'hub_offline' | 'device_offline' | 'no_hub' | 'viewer'

/** Why a control can't be used now, the nearest cause first; null where it can. */
export function blockedBy(
  actuator: Pick<Actuator, 'online'>,
  given: { may_operate: boolean; connected: boolean; hub_online: boolean | null },
): Blocked | null {
  if (!given.may_operate) return 'viewer'
  if (!given.connected) return 'phone_offline'
  if (given.hub_online === null) return 'no_hub'
  if (!given.hub_online) return 'hub_offline'
  return actuator.online ? null : 'device_offline'
}

const CHOICES_S = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200]
export const LONGEST_HOLD_S = 43_200

type Habits = Pick<Actuator, 'tap_on_s' | 'tap_off_s' | 'max_on_s'>

/** Returns how long an order to `level` lasts unless the person says otherwise. */
export function defaultHold(habits: Habits, level: number): number {
  return level > 0 ? habits.tap_on_s : habits.tap_off_s
}

/** Returns how long an order to `level` may last at most. */
export function longestHold(habits: Habits, level: number): number {
  return level > 0 ? Math.min(habits.max_on_s ?? LONGEST_HOLD_S, LONGEST_HOLD_S) : LONGEST_HOLD_S
}

/** Returns up to five durations to choose from: the default, what lies around it, and the longest. */
export function holdChoices(habits: Habits, level: number): number[] {
  const longest = longestHold(habits, level)
  const usual = Math.min(defaultHold(habits, level), longest)
  const around = CHOICES_S.filter((seconds) => seconds <= longest && seconds !== usual)
  const below = around.filter((seconds) => seconds < usual).slice(-2)
  const above = around.filter((seconds) => seconds > usual).slice(0, 4 - below.length)
  return [...below, usual, ...above]
}

/** Tells whether a device takes levels between off and on. */
export function isProportional(actuator: Pick<Actuator, 'interface'>): boolean {
  return !['relay', 'gpio'].includes(actuator.interface)
}

/** Returns the order as the API takes it. */
export function bodyOf(order: Order): {
  action: 'on' | 'off' | 'set_value' | 'auto' | 'reset'
  value?: number
  duration_s?: number
} {
  if ('action' in order) return { action: order.action }
  const { level, duration_s } = order
  if (level === 0) return { action: 'off', duration_s }
  if (level === 100) return { action: 'on', duration_s }
  return { action: 'set_value', value: level, duration_s }
}
