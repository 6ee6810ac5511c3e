import { describe, expect, it } from 'vitest'

import {
  blockedBy,
  defaultHold,
  holdChoices,
  IDLE,
  longestHold,
  NO_ANSWER_MS,
  onStatus,
  onTick,
  bodyOf,
  SETTLE_MS,
  step,
  TRANSITIONS,
  type Control,
  type ControlEvent,
  type Phase,
} from '@/lib/control'
import type { Command, CommandState } from '@/lib/types'

const PUMP = { tap_on_s: 600, tap_off_s: 1800, max_on_s: 1800 }
const FAN = { tap_on_s: 3600, tap_off_s: 600, max_on_s: null }

function tapped(): Control {
  return step(IDLE, { event: 'tap', at_ms: 1_000, order: { level: 100, duration_s: 60 } })
}

function accepted(): Control {
  return step(tapped(), { event: 'accepted', at_ms: 1_200, command_id: 'c1' })
}

function order(state: CommandState, changes: Partial<Command> = {}): Command {
  return {
    id: 'c1',
    device_id: 'd1',
    action: 'on',
    value: 100,
    duration_s: 600,
    state,
    reason: null,
    requested_by: null,
    requested_at: '2026-11-21T01:00:00Z',
    sent_at: null,
    finished_at: null,
    ends_at: null,
    ...changes,
  }
}

describe('the table of a control', () => {
  it('reaches every phase from idle', () => {
    const reached = new Set<Phase>(['idle'])
    for (let round = 0; round < 5; round += 1) {
      for (const phase of [...reached]) {
        for (const next of Object.values(TRANSITIONS[phase])) reached.add(next)
      }
    }
    expect([...reached].sort()).toEqual(Object.keys(TRANSITIONS).sort())
  })

  it('confirms by the report of the device alone', () => {
    const ways = Object.entries(TRANSITIONS).flatMap(([, events]) =>
      (Object.entries(events) as [ControlEvent, Phase][])
        .filter(([, next]) => next === 'confirmed')
        .map(([event]) => event),
    )
    expect(new Set(ways)).toEqual(new Set(['completed']))
  })

  it('leaves every phase by some event', () => {
    for (const events of Object.values(TRANSITIONS)) expect(Object.keys(events)).not.toEqual([])
  })

  it('ignores a second tap while the first is under way', () => {
    const control = accepted()
    expect(step(control, { event: 'tap', at_ms: 2_000, order: { level: 0, duration_s: 60 } })).toBe(
      control,
    )
  })

  it('counts the ten seconds from the tap, not from the receipt', () => {
    expect(accepted().since_ms).toBe(1_000)
  })
})

describe('a status from the server', () => {
  it.each(['queued', 'sent', 'executing'] as const)('changes nothing while it is %s', (state) => {
    const control = accepted()
    expect(onStatus(control, order(state), 2_000)).toBe(control)
  })

  it('of another order changes nothing', () => {
    const control = accepted()
    expect(onStatus(control, order('completed', { id: 'other' }), 2_000)).toBe(control)
  })

  it.each([
    ['completed', 'confirmed', null],
    ['failed', 'failed', 'failed'],
    ['refused', 'refused', 'refused'],
    ['expired', 'failed', 'expired'],
    ['cancelled', 'failed', 'cancelled'],
    ['interrupted', 'failed', 'interrupted'],
    ['unknown', 'unanswered', 'unknown'],
  ] as const)('%s shows as %s', (state, phase, reason) => {
    expect(onStatus(accepted(), order(state), 2_000)).toMatchObject({ phase, reason })
  })

  it('tells the reason of the hub before the name of the state', () => {
    const refused = onStatus(accepted(), order('refused', { reason: 'hard_limit' }), 2_000)
    expect(refused.reason).toBe('hard_limit')
  })

  it('that comes late corrects a missing answer', () => {
    const unanswered = onTick(accepted(), 1_000 + NO_ANSWER_MS)
    expect(unanswered.phase).toBe('unanswered')
    expect(onStatus(unanswered, order('completed'), 60_000).phase).toBe('confirmed')
  })

  it('takes a confirmation back when an interlock cut the order after all', () => {
    const confirmed = onStatus(accepted(), order('completed'), 2_000)
    const cut = onStatus(confirmed, order('refused', { reason: 'interlock' }), 2_500)
    expect(cut.phase).toBe('refused')
  })
})

describe('time', () => {
  it('of less than ten seconds keeps a control waiting', () => {
    const control = accepted()
    expect(onTick(control, 1_000 + NO_ANSWER_MS - 1)).toBe(control)
  })

  it('of ten seconds without answer is a failure with its reason', () => {
    expect(onTick(tapped(), 1_000 + NO_ANSWER_MS)).toMatchObject({
      phase: 'unanswered',
      reason: 'no_answer',
    })
  })

  it('lets a confirmation go, and keeps a failure until it is read', () => {
    const confirmed = onStatus(accepted(), order('completed'), 2_000)
    expect(onTick(confirmed, 2_000 + SETTLE_MS).phase).toBe('idle')
    const failed = onStatus(accepted(), order('failed'), 2_000)
    expect(onTick(failed, 900_000)).toBe(failed)
  })
})

describe('what blocks a control', () => {
  const free = { may_operate: true, connected: true, hub_online: true }

  it('is nothing when all are there', () => {
    expect(blockedBy({ online: true }, free)).toBeNull()
  })

  it.each([
    [{ ...free, may_operate: false }, true, 'viewer'],
    [{ ...free, connected: false }, true, 'phone_offline'],
    [{ ...free, hub_online: null }, true, 'no_hub'],
    [{ ...free, hub_online: false }, true, 'hub_offline'],
    [free, false, 'device_offline'],
  ] as const)('%o with device online %s is %s', (given, online, why) => {
    expect(blockedBy({ online }, given)).toBe(why)
  })
})

describe('how long a tap lasts', () => {
  it('is the default of the role and the direction', () => {
    expect(defaultHold(PUMP, 100)).toBe(600)
    expect(defaultHold(PUMP, 0)).toBe(1800)
  })

  it('never passes the longest time on', () => {
    expect(longestHold(PUMP, 100)).toBe(1800)
    expect(Math.max(...holdChoices(PUMP, 100))).toBe(1800)
    expect(longestHold(FAN, 100)).toBe(43_200)
  })

  it.each([
    [PUMP, 100],
    [PUMP, 0],
    [FAN, 100],
    [FAN, 0],
    [{ tap_on_s: 30, tap_off_s: 1800, max_on_s: 60 }, 100],
    [{ tap_on_s: 45, tap_off_s: 1800, max_on_s: 40 }, 100],
  ])('offers few choices in order, the default among them: %o %d', (habits, level) => {
    const choices = holdChoices(habits, level)
    const usual = Math.min(defaultHold(habits, level), longestHold(habits, level))
    expect(choices).toContain(usual)
    expect(choices.length).toBeLessThanOrEqual(5)
    expect([...choices].sort((a, b) => a - b)).toEqual(choices)
  })
})

describe('an order', () => {
  it('says on and off by their names and a level by its value', () => {
    expect(bodyOf({ level: 100, duration_s: 60 })).toEqual({ action: 'on', duration_s: 60 })
    expect(bodyOf({ level: 0, duration_s: 60 })).toEqual({ action: 'off', duration_s: 60 })
    expect(bodyOf({ level: 50, duration_s: 60 })).toEqual({
      action: 'set_value',
      value: 50,
      duration_s: 60,
    })
    expect(bodyOf({ action: 'auto' })).toEqual({ action: 'auto' })
  })
})
