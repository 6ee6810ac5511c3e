/** The rules of one house, and whether its control box holds them. */

import { useHouseDocument } from './house_document'
import type { Rules } from './plan_types'
import type { RuleField } from './rule_draft'
import { useSession } from '@/stores/session'

export function useRules(house_path: string) {
  const session = useSession()
  const path = `${house_path}/rules`
  const { document: rules, ...rest } = useHouseDocument<RuleField, Rules>(path, 'rules')

  /** Looks whether the control box has them by now, without a word to the form. */
  async function look(): Promise<void> {
    const found = await session.api.json<Rules>(path).catch(() => null)
    // What was written meanwhile is not overtaken by an answer from before.
    if (found !== null && found.version === rules.value?.version) rules.value = found
  }

  return { ...rest, rules, look }
}
