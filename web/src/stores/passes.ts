/** The passes with which this phone goes on at the farm's hubs when there is no internet. */

import { defineStore } from 'pinia'
import { ref } from 'vue'

import { now } from '@/lib/clock'
import type { HubPass, Page } from '@/lib/types'
import { PASSES, useSession } from './session'

/** A pass is good for 30 days and renewed at each visit, but not more often than this. */
const RENEW_AFTER_MS = 6 * 3_600_000

interface Kept {
  user: string
  farms: Record<string, { at_ms: number; passes: HubPass[] }>
}

export const usePasses = defineStore('passes', () => {
  const session = useSession()
  const kept = ref<Kept | null>(read())

  function read(): Kept | null {
    try {
      return JSON.parse(localStorage.getItem(PASSES) ?? 'null') as Kept | null
    } catch {
      return null
    }
  }

  function write(value: Kept): void {
    kept.value = value
    try {
      localStorage.setItem(PASSES, JSON.stringify(value))
    } catch {
      // Without storage they last as long as the page.
    }
  }

  function mine(): Kept {
    const user = session.user?.id ?? ''
    return kept.value?.user === user ? kept.value : { user, farms: {} }
  }

  /** Returns the passes for a farm's hubs that are still good. */
  function of(farm_id: string): HubPass[] {
    const passes = mine().farms[farm_id]?.passes ?? []
    return passes.filter(({ expires_at }) => Date.parse(expires_at) > now())
  }

  /** Gets new ones where the cloud is within reach; a failure waits for the next visit. */
  async function renew(farm_id: string): Promise<void> {
    const held = mine()
    if (now() - (held.farms[farm_id]?.at_ms ?? 0) < RENEW_AFTER_MS) return
    const path = `farms/${farm_id}/hub-pass`
    const answer = await session.api.json<Page<HubPass>>(path, { method: 'POST' })
    write({ ...held, farms: { ...held.farms, [farm_id]: { at_ms: now(), passes: answer.items } } })
  }

  return { of, renew }
})
