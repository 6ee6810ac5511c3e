/** What photographs of droppings show, and how a screen says it: pure functions, but for shrinking. */

import type { IconName } from './icons'
import type { PersonRef } from './types'

export const TOLD = ['healthy', 'coccidiosis', 'salmonella', 'newcastle', 'unknown'] as const
export type Told = (typeof TOLD)[number]

/** What the cloud's own models say of the original, beside what the hub said. */
export interface SecondOpinion {
  disease: Told
  confidence: number
  alert: boolean
  models: string
  agrees: boolean
}

export interface Detection {
  id: string
  house_id: string
  /** Null: a person sent it. */
  camera: string | null
  t: string
  disease: Told
  confidence: number
  alert: boolean
  reasons: string[]
  models: string
  picture: string
  /** As the camera made it: of what is suspicious, once it has come. */
  original: string | null
  second_opinion: SecondOpinion | null
  right: boolean | null
  marked_as: Told | null
  marked_by: PersonRef | null
  /** The models may learn from it. */
  consent: boolean
}

/** How a verdict looks: colour, shape and word each say it alone. */
export type Look = 'healthy' | 'unknown' | 'perhaps' | 'suspicious'
export const SHAPE: Readonly<Record<Look, IconName>> = {
  healthy: 'done',
  unknown: 'eye_off',
  perhaps: 'info',
  suspicious: 'warning',
}

export function lookOf({ disease, alert }: Pick<Detection, 'disease' | 'alert'>): Look {
  if (disease === 'unknown' || disease === 'healthy') return disease
  return alert ? 'suspicious' : 'perhaps'
}

/** How a second opinion stands to the first: by the same models it is none. */
export type Second = 'same_models' | 'agrees' | 'differs'
export function secondOf({ models, second_opinion }: Detection): Second | null {
  if (second_opinion === null) return null
  if (second_opinion.models === models) return 'same_models'
  return second_opinion.agrees ? 'agrees' : 'differs'
}

/** How sure it is in percent: no model is wholly sure of anything. */
export function sureOf({ confidence }: Pick<Detection, 'confidence'>): number {
  return Math.min(99, Math.round(confidence * 100))
}

/** Returns the list, newest first, with one detection added or changed. */
export function withOne(list: readonly Detection[], one: Detection): Detection[] {
  return joined([one], list)
}

/** Returns two lists as one, newest first; of what is in both, the first one's word holds. */
export function joined(list: readonly Detection[], others: readonly Detection[]): Detection[] {
  const ids = new Set(list.map(({ id }) => id))
  return [...list, ...others.filter(({ id }) => !ids.has(id))].sort(
    (a, b) => b.t.localeCompare(a.t) || b.id.localeCompare(a.id),
  )
}

const LONGEST_SIDE = 1600
const SMALL_ENOUGH_BYTES = 1_000_000

/** Makes a phone's large photograph small enough for a slow line; what can't be read goes as it is. */
export async function shrunk(file: Blob): Promise<Blob> {
  if (file.size <= SMALL_ENOUGH_BYTES) return file
  try {
    const picture = await createImageBitmap(file)
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(picture.width * scale)
    canvas.height = Math.round(picture.height * scale)
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    return await new Promise((done) => {
      canvas.toBlob((small) => done(small ?? file), 'image/jpeg', 0.92)
    })
  } catch {
    return file
  }
}
