/** Web push on this phone: whether it can be, and the browser's own subscription. */

/** Why it can't be; the page has words for each. */
export type PushBar = 'insecure' | 'unsupported' | 'blocked' | 'failed'

/** What the server needs to reach this browser. */
export interface Subscribed {
  endpoint: string
  p256dh: string
  auth: string
}

/** Which of the person's channels is this phone. */
const KEPT = 'tokkatot.push_channel'

/** Returns what stands in the way, or null; only a secure page may be told while it is closed. */
export function pushBar(): PushBar | null {
  if (!window.isSecureContext) return 'insecure'
  const able = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
  if (!able) return 'unsupported'
  return Notification.permission === 'denied' ? 'blocked' : null
}

async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  return 'serviceWorker' in navigator ? navigator.serviceWorker.getRegistration() : undefined
}

/** Asks the person and then the browser's push service; returns what stood in the way, or it. */
export async function subscribe(key: string): Promise<Subscribed | PushBar> {
  const bar = pushBar()
  if (bar !== null) return bar
  if ((await Notification.requestPermission()) !== 'granted') return 'blocked'
  const manager = (await worker())?.pushManager
  if (manager === undefined) return 'unsupported'
  try {
    // One that is left from before may be of another key, which the browser would hold against us.
    await (await manager.getSubscription())?.unsubscribe()
    const applicationServerKey = bytesOf(key)
    return taken(await manager.subscribe({ userVisibleOnly: true, applicationServerKey }))
  } catch {
    return 'failed'
  }
}

/** Ends the browser's subscription, whoever made it. */
export async function unsubscribe(): Promise<void> {
  localStorage.removeItem(KEPT)
  await (await (await worker())?.pushManager.getSubscription())?.unsubscribe()
}

/** Keeps which channel this phone is. */
export function keepChannel(id: string): void {
  localStorage.setItem(KEPT, id)
}

/** Returns the channel that this phone is, if its browser still has its part of it. */
export async function ownChannel(): Promise<string | null> {
  const kept = localStorage.getItem(KEPT)
  if (kept === null || pushBar() !== null) return null
  return (await (await worker())?.pushManager.getSubscription()) ? kept : null
}

function taken(subscription: PushSubscription): Subscribed | PushBar {
  const { p256dh, auth } = subscription.toJSON().keys ?? {}
  if (p256dh === undefined || auth === undefined) return 'failed'
  return { endpoint: subscription.endpoint, p256dh, auth }
}

/** Reads a key as the server spells it. */
export function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
