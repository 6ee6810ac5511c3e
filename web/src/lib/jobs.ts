/** Work that takes longer than a request: asked for, looked at again, stopped. */

import type { MessageKey } from './i18n'
import type { Reason } from './reasons'

export interface Job<R = unknown> {
  id: string
  state: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'
  /** From 0 to 1. */
  progress: number
  /** The reason is lacking where there is no code for it, and in what failed before there were. */
  trouble: { code: string; detail: string; reason?: Reason | null } | null
  result: R | null
  ended_at: string | null
}

/** Tells whether a job has not ended. */
export function isOpen(job: Pick<Job, 'state'> | null): boolean {
  return job !== null && (job.state === 'queued' || job.state === 'running')
}

/** Returns why a job has no result, or null where it has one or is still at it. */
export function troubleKey(job: Pick<Job, 'state' | 'trouble'> | null): MessageKey | null {
  if (job?.state === 'cancelled') return 'twin.trouble.cancelled'
  if (job?.state !== 'failed') return null
  if (job.trouble?.code === 'refused') return 'twin.trouble.refused'
  return job.trouble?.code === 'too_much' ? 'twin.trouble.too_much' : 'twin.trouble.other'
}
