/** A policy that is learned for one house: how far it is, and what it is worth. */

import { isOpen, type Job } from './jobs'

interface Figure {
  controller: string
  name: string
  value: { mean: number }
}

export interface Trained {
  policy: { id: string; version: string }
  /** Of weather, a third of which it was judged by. */
  days: number
  held_out: readonly { figures: readonly Figure[] }[]
}

/** So much of its work is learning; after that it is judged. */
const LEARNED = 0.7

/** Returns what is done now, or null where nothing is. */
export function stepOf(job: Pick<Job, 'state' | 'progress'> | null) {
  if (job === null || !isOpen(job)) return null
  if (job.state === 'queued') return 'queued'
  return job.progress < LEARNED ? 'learning' : 'judging'
}

/** What people ask of a policy first, with its unit. */
const ASKED = { heat_stress: 'h', electricity: 'kWh/m²', heat: 'kWh/m²' } as const
export type Asked = keyof typeof ASKED

/** Returns what came of a flock with the policy, with the rules alone, and with fixed limits that were searched for, on days
 * that it never saw; of what was learned before they were searched for there are none. */
export function judged(trained: Trained) {
  const figures = trained.held_out[0]?.figures ?? []
  const mean = (name: Asked, who: string): number | undefined =>
    figures.find((one) => one.name === name && one.controller === who)?.value.mean
  return (Object.keys(ASKED) as Asked[]).flatMap((name) => {
    const [policy, rules] = [mean(name, 'policy'), mean(name, 'rules')]
    return policy === undefined || rules === undefined
      ? []
      : [{ name, policy, rules, tuned: mean(name, 'tuned'), unit: ASKED[name] }]
  })
}
