/** The rules of one house: fetched together, written together. */

import { shallowRef, watch } from 'vue'

import { useForm } from './form'
import type { Rule, Rules } from './plan_types'
import type { RuleField } from './rule_draft'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

export function useRules(house_path: string) {
  const session = useSession()
  const farm = useFarm()
  const form = useForm<RuleField>()
  const path = `${house_path}/rules`
  const rules = shallowRef<Rules | null>(null)

  async function load(): Promise<void> {
    await form.send({}, async () => {
      rules.value = await session.api.json<Rules>(path)
    })
  }

  /** Writes all rules; the server refuses where somebody else wrote meanwhile. */
  async function write(changed: readonly Rule[], checks = {}): Promise<boolean> {
    const version = rules.value?.version ?? 0
    return form.send(checks, async () => {
      const body = { version, rules: changed }
      rules.value = await session.api.json<Rules>(path, { method: 'PUT', body })
    })
  }

  /** Looks whether the control box has them by now, without a word to the form. */
  async function look(): Promise<void> {
    const found = await session.api.json<Rules>(path).catch(() => null)
    // What was written meanwhile is not overtaken by an answer from before.
    if (found !== null && found.version === rules.value?.version) rules.value = found
  }

  watch([() => farm.plans, () => farm.link === 'offline'], load, { immediate: true })
  return { ...form, rules, write, look }
}
