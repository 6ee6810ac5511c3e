/** What a server says of a photograph, with what a test wants otherwise. */

import type { Detection } from '@/lib/droppings'

export const detection = (id: string, t: string, changes: Partial<Detection> = {}): Detection => ({
  id,
  house_id: 'h1',
  camera: 'front',
  t,
  disease: 'healthy',
  confidence: 0.9,
  alert: false,
  reasons: ['confident'],
  models: 'of the hub',
  picture: `/v1/farms/f1/detections/${id}/picture`,
  original: null,
  second_opinion: null,
  right: null,
  marked_as: null,
  marked_by: null,
  consent: false,
  ...changes,
})
