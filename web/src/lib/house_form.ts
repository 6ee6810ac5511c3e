/** The form of a house, for a new one and for one that is changed. */

import { computed, reactive, type Ref } from 'vue'

import { now } from './clock'
import { useForm } from './form'
import {
  checkHouse,
  countBirds,
  dayOn,
  fieldsOf,
  takenNumbers,
  type HouseDraft,
  type HouseField,
  type HouseFields,
} from './houses'
import { useWords } from './i18n'
import { parseNumber } from './formats'
import { useFarm } from '@/stores/farm'
import { useSession } from '@/stores/session'

/** Returns the form of the house with an id, null while it is not there yet. */
export function useHouseForm(own_id: Readonly<Ref<string | null>>) {
  const { t, number, houseName } = useWords()
  const session = useSession()
  const farm = useFarm()
  const { busy, problem, send, error } = useForm<HouseField | 'placed_count'>()
  const draft = reactive<HouseDraft>({
    kind: 'coop',
    name: '',
    number: '',
    capacity: '',
    present_count: '',
    chicken_type: '',
    crop_type: '',
    floor_area_m2: '',
  })
  const houses = computed(() => farm.houses?.value ?? [])
  /** The server's own word that the number is taken stands at the field, not above the button. */
  const number_taken = computed(() => problem.value?.code === 'already_exists')
  const shown_problem = computed(() => (number_taken.value ? null : problem.value))

  function errorOf(field: HouseField): string | null {
    if (field === 'number' && number_taken.value) return t('manage.number_taken')
    const own = error(field)
    return own ?? (field === 'present_count' ? error('placed_count') : null)
  }

  /** Returns a number as it is typed: in the person's digits, without groups. */
  function typed(value: number | null): string {
    if (value === null) return ''
    return number(value, Number.isInteger(value) ? 0 : 1).replace(/\u202f/g, '')
  }

  /** Returns the fields as they are sent: a name that was only translated stays as it was. */
  function wanted(stored_name: string): HouseFields {
    const fields = fieldsOf(draft)
    return fields.name === houseName(stored_name) ? { ...fields, name: stored_name } : fields
  }

  function submit(work: () => Promise<void>): Promise<boolean> {
    return send(checkHouse(draft, takenNumbers(houses.value, own_id.value)), work)
  }

  async function keepBirds(house_path: string): Promise<void> {
    const count = parseNumber(draft.present_count) ?? 0
    const birds = { count, chicken_type: draft.chicken_type.trim() || null }
    await countBirds(session.api, house_path, birds, dayOn(now(), farm.zone))
  }

  return {
    draft,
    houses,
    busy,
    problem: shown_problem,
    send,
    errorOf,
    typed,
    wanted,
    submit,
    keepBirds,
  }
}
