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
