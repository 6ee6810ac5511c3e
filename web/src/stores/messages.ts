/** How much a person has not read yet, on every page; and what they read. */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { HUB_ID } from '@/lib/hub'
import { countOf, NONE_UNREAD, type Message, type Unread } from '@/lib/messages'
import { useFarm } from './farm'
import { useSession } from './session'

const KEPT = 'unread'

export const useMessages = defineStore('messages', () => {
  const session = useSession()
  const farm = useFarm()
  const unread = ref<Unread>(session.cache.read<Unread>(KEPT)?.value ?? NONE_UNREAD)
  const count = computed(() => countOf(unread.value))
  let asked = 0

  /** Fetches the counts; away from the server the last ones stay. */
  async function look(): Promise<void> {
    const mine = ++asked
    const answer = await session.api.json<Unread>('users/me/messages/unread').catch(() => null)
    if (answer === null || mine !== asked) return
    unread.value = answer
    session.cache.write(KEPT, answer)
  }

  async function read(message: Message): Promise<void> {
    await session.api.json(`users/me/messages/${message.id}/read`, { method: 'POST' })
    await look()
  }

  async function readAll(): Promise<void> {
    await session.api.json('users/me/messages/read-all', { method: 'POST' })
    await look()
  }

  // A hub has no messages: what it knows stands in its alerts.
  if (HUB_ID === null) {
    watch([() => farm.told, () => farm.id], look, { immediate: true })
    watch(
      () => session.user?.id,
      () => {
        unread.value = NONE_UNREAD
      },
    )
  }

  return { unread, count, read, readAll }
})
