/** The service worker's side of the page: it keeps the shell, and says when there is a newer one or a part is gone. */

import { ref, shallowRef } from 'vue'

import { appAnswers } from './api'
import type { ProblemCode } from './problems'

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
  const worker = waiting.value
  // In another tab somebody was faster: it took over everywhere, and only this page is the old one.
  if (worker?.state !== 'installed') return location.reload()
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {
    once: true,
  })
  worker.postMessage('use-now')
}

const RELOADED = 'tokkatot.reloaded'

/** Why a part of the app did not come, until another page is shown. */
export const missing = ref<ProblemCode | null>(null)
/** The page that is being gone to. */
let heading: string | null = null
let looking: Promise<void> | null = null

/**
 * A page that was open while the server got a newer app asks for parts that are gone: it loads
 * anew, once for each page, so not over and over where the server itself is broken. Without a
 * network nothing is loaded anew: it would put the browser's error in the place of the app.
 */
export function reloadWhereOutdated(): void {
  window.addEventListener('vite:preloadError', () => void partMissed())
  window.addEventListener('online', () => (missing.value = null))
}

/** Notes which page is being gone to; it may have to be loaded anew. */
export function goesTo(path: string): void {
  heading = path
}

/** Notes that the page is there. */
export function arrived(): void {
  heading = missing.value = null
}

/** Notes that the page could not be gone to: the one before it stays. */
export function stayed(): void {
  void partMissed()
  heading = null
}

/** Loads the app anew where its server answers, else says what is wrong. */
export function partMissed(): Promise<void> {
  looking ??= loadAnew(heading).finally(() => (looking = null))
  return looking
}

async function loadAnew(path: string | null): Promise<void> {
  if (!(await appAnswers())) missing.value = 'phone_offline'
  else if (!firstTime(path ?? location.pathname)) missing.value = 'internal'
  else if (path === null) location.reload()
  else location.assign(path)
}

function firstTime(path: string): boolean {
  try {
    if (sessionStorage.getItem(RELOADED) === path) return false
    sessionStorage.setItem(RELOADED, path)
    return true
  } catch {
    // Who can't remember that it was in vain does not try.
    return false
  }
}
