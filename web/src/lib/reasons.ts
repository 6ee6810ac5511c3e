/** Why something could not be done: the server's codes in the person's language. */

import type { MessageKey, useWords } from './i18n'
import { lastOf } from './lists'

export interface Reason {
  code: string
  /** What its words are filled with; null is a number beyond all others. */
  values: Readonly<Record<string, unknown>>
}
type Words = Pick<ReturnType<typeof useWords>, 't' | 'knows' | 'number'>

/** Returns the key of what a value is the name of; any other value is said as it is. */
function keyOf(name: string, value: string): string {
  if (name === 'quantity') return `quantity.${value}`
  return name.startsWith('parameter') ? `part.${value}` : ''
}

/** Returns a reason in words, or null for one that has none here (yet). */
export function reasonText(reason: Reason | null | undefined, words: Words): string | null {
  const { t, knows, number } = words
  const key = `cannot.${reason?.code ?? ''}`
  if (!reason || !knows(key)) return null

  const listed = (all: string[]): string =>
    all.length < 2
      ? all.join()
      : t('cannot.and', { some: all.slice(0, -1).join(', '), last: lastOf(all) ?? '' })

  const said = (name: string, value: unknown): string => {
    if (Array.isArray(value)) return listed(value.map((one) => said(name, one)))
    if (typeof value === 'number') return number(value)
    if (typeof value !== 'string') return ''
    const named = keyOf(name, value)
    return knows(named) ? t(named as MessageKey) : value
  }
  const values = Object.entries(reason.values).map(([name, value]) => [name, said(name, value)])
  return t(key as MessageKey, Object.fromEntries(values) as Record<string, string>)
}
