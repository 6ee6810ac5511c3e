/** A level as an order in words: on, off, or how far. */

import type { Speech } from './events'

export function sayLevel(level: number, speech: Pick<Speech, 't' | 'percent'>): string {
  if (level === 0) return speech.t('event.order.off')
  if (level === 100) return speech.t('event.order.on')
  return speech.t('event.order.level', { level: speech.percent(level) })
}
