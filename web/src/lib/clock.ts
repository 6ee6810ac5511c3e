/** Server time on a phone whose own clock may be wrong. */

let offset_ms = 0
let known = false

/** Returns the server's idea of now, in ms since 1970. */
export function now(): number {
  return Date.now() + offset_ms
}

/**
 * Learns from a time that the server just sent. A message is always late, never early, so the
 * largest offset seen is the nearest to the truth; a big step (a phone whose clock was set) starts over.
 */
export function heard(server_ms: number): void {
  const offset = server_ms - Date.now()
  if (!known || offset > offset_ms || Math.abs(offset - offset_ms) > 5_000) offset_ms = offset
  known = true
}

/** Returns milliseconds that only rise, for time-outs. */
export function elapsed(): number {
  return performance.now()
}
