/** The service worker's side of the page: it keeps the shell, and says when there is a newer one. */

import { ref, shallowRef } from 'vue'

const LOOK_EVERY_MS = 60 * 60_000

export const updateReady = ref(false)
const waiting = shallowRef<ServiceWorker | null>(null)

/** Registers the worker; without one (plain http on a farm's network) the app works, online only. */
export async function startWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const registration = await navigator.serviceWorker.register('/service-worker.js')
  const offer = (worker: ServiceWorker | null): void => {
    // The first install replaces nothing, so there is nothing to tell.
    if (worker === null || navigator.serviceWorker.controller === null) return
    waiting.value = worker
    updateReady.value = true
  }
  offer(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker)
    })
  })
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS)
}

/** Lets the waiting worker take over and loads its shell. */
export function useNewVersion(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {
    once: true,
  })
  waiting.value?.postMessage('use-now')
}

const RELOADED = 'tokkatot.reloaded'

/**
 * A page that was open while the server got a newer app asks for parts that are gone: it loads
 * anew, once for each page, so not over and over where the server itself is broken.
 */
export function reloadWhereOutdated(): void {
  window.addEventListener('vite:preloadError', (event) => {
    if (sessionStorage.getItem(RELOADED) === location.pathname) return
    event.preventDefault()
    sessionStorage.setItem(RELOADED, location.pathname)
    location.reload()
  })
}
