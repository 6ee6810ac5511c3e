/** The taps that are under way, one a device. */

import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'

import { elapsed, now } from '@/lib/clock'
import {
  bodyOf,
  IDLE,
  NO_ANSWER_MS,
  onStatus,
  onTick,
  SETTLE_MS,
  step,
  type Control,
  type Order,
} from '@/lib/control'
import { idempotencyKey } from '@/lib/ids'
import { asProblem } from '@/lib/problems'
import type { Command } from '@/lib/types'
import { useSession } from './session'

/** Statuses that overtook the answer to their own request; a handful is plenty. */
const MOST_EARLY = 32
/** How far the phone's idea of server time may be off. */
const CLOCK_DOUBT_MS = 2_000

export const useControls = defineStore('controls', () => {
  const session = useSession()
  const controls = reactive<Record<string, Control>>({})
  /** Rises when an order stayed without answer: perhaps only the news got lost. */
  const unanswered = ref(0)
  const early = new Map<string, Command>()
  const tapped_ms = new Map<string, number>()

  function of(device_id: string): Control {
    return controls[device_id] ?? IDLE
  }

  /** Asks for something; what the screen shows stays what the device reports. */
  async function tap(farm_id: string, device_id: string, order: Order): Promise<void> {
    const before = of(device_id)
    const asked = step(before, { event: 'tap', at_ms: elapsed(), order })
    if (asked === before) return
    controls[device_id] = asked
    tapped_ms.set(device_id, now())
    watch(device_id, NO_ANSWER_MS)
    try {
      const command = await session.api.json<Command>(
        `farms/${farm_id}/devices/${device_id}/commands`,
        {
          method: 'POST',
          body: bodyOf(order),
          headers: { 'Idempotency-Key': idempotencyKey() },
          timeout_ms: NO_ANSWER_MS,
        },
      )
      controls[device_id] = step(of(device_id), {
        event: 'accepted',
        at_ms: elapsed(),
        command_id: command.id,
      })
      settle(device_id, early.get(command.id) ?? command)
    } catch (thrown) {
      const problem = asProblem(thrown)
      const refused = problem.status >= 400 && problem.status < 500
      const event = refused ? 'refused' : problem.code === 'no_answer' ? 'timeout' : 'failed'
      controls[device_id] = step(of(device_id), {
        event,
        at_ms: elapsed(),
        reason: problem.code,
      })
    }
  }

  /** Hears how an order stands, from whichever phone it came. */
  function status(command: Command): void {
    early.set(command.id, command)
    if (early.size > MOST_EARLY) early.delete([...early.keys()][0] ?? '')
    const held = of(command.device_id)
    const lost = held.phase === 'unanswered' && held.command_id === null
    const mine =
      command.requested_by?.id === session.user?.id &&
      Date.parse(command.requested_at) >= (tapped_ms.get(command.device_id) ?? 0) - CLOCK_DOUBT_MS
    // The answer to our request got lost on the way; the order itself did not.
    if (lost && mine) controls[command.device_id] = { ...held, command_id: command.id }
    settle(command.device_id, command)
  }

  function settle(device_id: string, command: Command): void {
    const before = of(device_id)
    const after = onStatus(before, command, elapsed())
    if (after === before) return
    controls[device_id] = after
    if (after.phase === 'confirmed') watch(device_id, SETTLE_MS)
  }

  function watch(device_id: string, after_ms: number): void {
    setTimeout(() => {
      const before = of(device_id)
      const after = onTick(before, elapsed())
      controls[device_id] = after
      if (after.phase === 'unanswered' && after !== before) unanswered.value += 1
    }, after_ms + 20)
  }

  function dismiss(device_id: string): void {
    controls[device_id] = step(of(device_id), { event: 'settle', at_ms: elapsed() })
  }

  return { controls, unanswered, of, tap, status, dismiss }
})
