/** What every form does: check its fields, send once, and say in words what went wrong. */

import { nextTick, ref } from 'vue'

import { plainDigits } from './formats'
import { useWords, type MessageKey } from './i18n'
import { asProblem, type FieldError, type Problem } from './problems'

export const PASSWORD_MIN = 8

/** Returns what is wrong with a contact, or null. */
export function contactError(text: string): MessageKey | null {
  const plain = plainDigits(text).trim()
  if (plain === '') return 'field.required'
  const digits = plain.replace(/[\s().-]/g, '')
  return /^\+?\d{8,15}$/.test(digits) || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(plain)
    ? null
    : 'field.contact'
}

/** Returns a contact as the server's fields have it. */
export function contactFields(text: string): { phone: string } | { email: string } {
  const plain = plainDigits(text).trim()
  return plain.includes('@') ? { email: plain } : { phone: plain.replace(/[\s().-]/g, '') }
}

export function passwordError(text: string): MessageKey | null {
  if (text === '') return 'field.required'
  return text.length < PASSWORD_MIN ? 'field.password_short' : null
}

export function requiredError(text: string): MessageKey | null {
  return text.trim() === '' ? 'field.required' : null
}

/** What the server may find wrong with a field, by its code. */
const BY_CODE: Readonly<Record<string, MessageKey>> = {
  missing: 'field.required',
  string_too_short: 'field.too_short',
  string_too_long: 'field.too_long',
  int_parsing: 'field.number',
  int_from_float: 'field.number',
  float_parsing: 'field.number',
  greater_than: 'field.range',
  greater_than_equal: 'field.range',
  less_than: 'field.range',
  less_than_equal: 'field.range',
  too_many: 'field.too_many',
  too_easy: 'pin.too_easy',
  unproved: 'members.unproved',
}

/** Returns what the server found wrong, by the names of the form's fields. */
export function fieldErrors(errors: readonly FieldError[]): Record<string, MessageKey> {
  return Object.fromEntries(
    errors.map(({ field, code }) => [
      field.replace(/^body\./, ''),
      BY_CODE[code] ?? 'field.invalid',
    ]),
  )
}

/** Goes to the first field that is wrong, which may lie above what the phone shows; returns false. */
function lookAtFirst(): false {
  void nextTick(() => document.querySelector<HTMLElement>('form [aria-invalid="true"]')?.focus())
  return false
}

/** Returns a form's state: `send` runs the checks, then `work` once, and keeps what went wrong. */
export function useForm<F extends string>() {
  const { t } = useWords()
  const busy = ref(false)
  const problem = ref<Problem | null>(null)
  const wrong = ref<Partial<Record<F, MessageKey>>>({})

  async function send(
    checks: Partial<Record<F, MessageKey | null>>,
    work: () => Promise<void>,
  ): Promise<boolean> {
    wrong.value = {}
    problem.value = null
    for (const [field, key] of Object.entries(checks) as [F, MessageKey | null][]) {
      if (key !== null) Object.assign(wrong.value, { [field]: key })
    }
    if (busy.value) return false
    if (Object.keys(wrong.value).length > 0) return lookAtFirst()
    busy.value = true
    try {
      await work()
      return true
    } catch (thrown) {
      problem.value = asProblem(thrown)
      Object.assign(wrong.value, fieldErrors(problem.value.errors))
      return lookAtFirst()
    } finally {
      busy.value = false
    }
  }

  function error(field: F): string | null {
    const key = (wrong.value as Partial<Record<F, MessageKey>>)[field]
    return key === undefined ? null : t(key)
  }

  return { busy, problem, send, error }
}
