/** Served by a hub on the farm's own network, the same app does without what only the cloud has. */

const MARK = 'meta[name="tokkatot-hub"]'
const PASS = /^#pass=([\w.-]+)$/

/** The hub that serves this page; null where the cloud does. */
export const HUB_ID: string | null =
  globalThis.document?.querySelector(MARK)?.getAttribute('content') ?? null

/** Returns the pass in a link, which never leaves the browser: a fragment is not sent. */
export function passIn(fragment: string): string | null {
  return PASS.exec(fragment)?.[1] ?? null
}

/** Returns the link that carries a pass to a hub's page. */
export function linkTo(address: string, token: string): string {
  return `${address}/#pass=${token}`
}
