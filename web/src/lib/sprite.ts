/** Brings the icons onto the page once, so that one that is first needed offline is there. */

import address from '@/assets/icons.svg?url'

const TIMEOUT_MS = 20_000

export async function loadIcons(): Promise<void> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS)
  try {
    const answer = await fetch(address, { signal: stop.signal })
    const drawn = new DOMParser().parseFromString(await answer.text(), 'image/svg+xml')
    const sprite = document.importNode(drawn.documentElement, true)
    sprite.setAttribute('style', 'display: none')
    document.body.prepend(sprite)
  } finally {
    clearTimeout(timer)
  }
}
