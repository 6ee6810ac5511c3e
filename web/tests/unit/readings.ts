import type { Reading } from '@/lib/types'

/** Returns a reading of a moment ago. */
export const reading = (
  device_id: string,
  quantity: string,
  value: number,
  more: Partial<Reading> = {},
): Reading => ({
  device_id,
  device_name: device_id,
  zone: 'main',
  quantity,
  unit: '?',
  value,
  t: '2026-11-23T03:00:00Z',
  quality: 0,
  stale: false,
  ...more,
})
