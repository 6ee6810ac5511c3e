/** What a house holds in one version (rules, alarms): fetched together, written together. */

import { computed, shallowRef, watch } from 'vue'

import { useForm } from './form'
import { asProblem, Problem } from './problems'
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
  const missed = shallowRef<Problem | null>(null)
  const problem = computed(() => form.problem.value ?? missed.value)
  let turn = 0

  /** Fetches it beside the form, which may be sending or saying what went wrong. */
  async function load(): Promise<void> {
    const mine = ++turn
    try {
      const found = await session.api.json<D>(path)
      if (mine !== turn) return
      document.value = found
      missed.value = null
    } catch (thrown) {
      if (mine === turn) missed.value = asProblem(thrown)
    }
  }

  /** Writes all of it; where somebody else wrote meanwhile the server refuses, and theirs is fetched. */
  async function write(changed: D[typeof name], checks = {}): Promise<boolean> {
    const version = document.value?.version ?? 0
    return form.send(checks, async () => {
      const body = { version, [name]: changed }
      try {
        const written = await session.api.json<D>(path, { method: 'PUT', body })
        turn += 1
        document.value = written
        missed.value = null
      } catch (thrown) {
        if (asProblem(thrown).code === 'conflict') await load()
        throw thrown
      }
    })
  }

  /** Says that somebody else changed what is being written. */
  function clash(): void {
    form.problem.value = new Problem('conflict')
  }

  watch([() => farm.plans, () => farm.link === 'offline'], load, { immediate: true })
  return { ...form, problem, document, write, clash }
}
