/** What the live line needs of a browser: sockets, time, chance, and the polled changes. */

import type { Api } from './api'
import { elapsed } from './clock'
import type { World } from './realtime'
import type { Changes } from './frame_types'

const CHANGES_TIMEOUT_MS = 6_000

export function worldOf(api: Api): World {
  return {
    connect: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/v1/ws`),
    token: (spent) => api.accessToken(spent),
    changes: (farm_id, since) =>
      api.json<Changes>(`farms/${farm_id}/changes`, {
        query: { since },
        timeout_ms: CHANGES_TIMEOUT_MS,
      }),
    now_ms: elapsed,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    setTimeout: (work, after_ms) => window.setTimeout(work, after_ms),
    clearTimeout: (timer) => window.clearTimeout(timer),
  }
}
