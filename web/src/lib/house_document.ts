/** What a house holds in one version (rules, alarms): fetched together, written together. */

import { shallowRef, watch } from 'vue'

import { useForm } from './form'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

export function useHouseDocument<F extends string, D extends { version: number }>(
  path: string,
  name: Exclude<keyof D & string, 'version'>,
) {
  const session = useSession()
  const farm = useFarm()
  const form = useForm<F>()
  const document = shallowRef<D | null>(null)

  async function load(): Promise<void> {
    await form.send({}, async () => {
      document.value = await session.api.json<D>(path)
    })
  }

  /** Writes all of it; the server refuses where somebody else wrote meanwhile. */
  async function write(changed: D[typeof name], checks = {}): Promise<boolean> {
    const version = document.value?.version ?? 0
    return form.send(checks, async () => {
      const body = { version, [name]: changed }
      document.value = await session.api.json<D>(path, { method: 'PUT', body })
    })
  }

  watch([() => farm.plans, () => farm.link === 'offline'], load, { immediate: true })
  return { ...form, document, write }
}
