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

/** Takes the pass out of the address, where neither history nor a screenshot is to keep it. */
function taken(): string | null {
  const token = HUB_ID === null ? null : passIn(location.hash)
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token
}

/** The pass that the link brought; read when the app is loaded, before the router looks. */
export const PASS_IN_LINK: string | null = taken()

// A link that is opened over this very page changes the fragment alone, and loads nothing.
if (HUB_ID !== null) {
  window.addEventListener('hashchange', () => {
    if (passIn(location.hash) !== null) location.reload()
  })
}

/** Returns the link that carries a pass to a hub's page. */
export function linkTo(address: string, token: string): string {
  return `${address}/#pass=${token}`
}
