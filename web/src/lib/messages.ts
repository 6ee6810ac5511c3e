/** What a person was told, as their message centre shows it: pure functions over their messages. */

import type { Severity } from './types'

export const IMPORTANCES = ['urgent', 'important', 'info'] as const
export type Importance = (typeof IMPORTANCES)[number]

/** An alert's severity is what its message's importance looks like. */
export const LOOK_OF: Readonly<Record<Importance, Severity>> = {
  urgent: 'critical',
  important: 'warning',
  info: 'info',
}

export interface Message {
  id: string
  farm_id: string
  /** Null for a test, which speaks of nothing. */
  alert_id: string | null
  kind: 'alert' | 'escalated' | 'test'
  importance: Importance
  t: string
  what: string
  farm: string
  house: string | null
  device: string | null
  value: string | null
  /** Since when it is so, or from when to when it was; null where it began just now. */
  when: string | null
  advice: string
  /** Where the photograph is that it is about; a hub keeps no such address. */
  picture: string | null
  read_at: string | null
}

export type Unread = Record<Importance, number>
export const NONE_UNREAD: Readonly<Unread> = { urgent: 0, important: 0, info: 0 }

export function countOf(unread: Readonly<Unread>): number {
  return IMPORTANCES.reduce((sum, importance) => sum + unread[importance], 0)
}

/** Returns the list with urgent ones that nobody has read apart: they come first, however old. */
export function arranged(
  urgent: readonly Message[],
  listed: readonly Message[],
): { first: Message[]; rest: Message[] } {
  const isFirst = ({ importance, read_at }: Message): boolean =>
    importance === 'urgent' && read_at === null
  const known = new Set(urgent.map(({ id }) => id))
  const first = [...urgent, ...listed.filter(({ id }) => !known.has(id))].filter(isFirst)
  first.sort((a, b) => b.t.localeCompare(a.t))
  return { first, rest: listed.filter((message) => !isFirst(message)) }
}

/** Returns the list with one message read, or all of them. */
export function asRead(
  messages: readonly Message[],
  id: string | null,
  read_at: string,
): Message[] {
  return messages.map((message) =>
    message.read_at === null && (id === null || message.id === id)
      ? { ...message, read_at }
      : message,
  )
}
