// Keeps the app's shell for a phone without internet. It never touches /v1: an answer from a
// cache would make yesterday's barn look live.
const VERSION = __VERSION__
const PRECACHE = __PRECACHE__
const CACHE = `tokkatot-${VERSION}`

self.addEventListener('install', (event) => {
  // One missing name fails the install: half a shell is worse than the old one.
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) =>
        cache.addAll(PRECACHE.map((name) => new Request(name, { cache: 'reload' }))),
      ),
  )
})

self.addEventListener('activate', (event) => {
  const drop = (names) =>
    names
      .filter((name) => name.startsWith('tokkatot-') && name !== CACHE)
      .map((name) => caches.delete(name))
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(drop(names)))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('message', (event) => {
  if (event.data === 'use-now') self.skipWaiting()
})

// The cloud sends its words whole, in the person's language: nothing is looked up here.
self.addEventListener('push', (event) => {
  const said = event.data?.json() ?? {}
  event.waitUntil(
    self.registration.showNotification(said.title ?? 'Tokkatot', {
      body: said.body,
      data: { path: said.path },
      icon: '/icons/icon-192.png',
      badge: '/icons/icon-192.png',
      requireInteraction: said.urgent === true,
      vibrate: said.urgent === true ? [400, 200, 400, 200, 400] : [200],
    }),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const wanted = new URL(event.notification.data?.path ?? '/', self.location.origin)
  // It leads into the app, wherever a text may say that it does.
  const url = wanted.origin === self.location.origin ? wanted.href : self.location.origin
  event.waitUntil(show(url))
})

async function show(url) {
  const [open] = await self.clients.matchAll({ type: 'window' })
  if (open === undefined) return self.clients.openWindow(url)
  await open.focus()
  return open.navigate(url)
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return
  if (event.request.mode === 'navigate') {
    // Documents of the server itself (the API's description, say) are no page of the app.
    if (/^\/(v1|health|ready|metrics|docs)(\/|$)/.test(url.pathname)) return
    event.respondWith(
      caches.match('/', { cacheName: CACHE }).then((page) => page || fetch(event.request)),
    )
    return
  }
  if (!PRECACHE.includes(url.pathname)) return
  event.respondWith(
    caches.match(url.pathname, { cacheName: CACHE }).then((kept) => kept || fetch(event.request)),
  )
})
