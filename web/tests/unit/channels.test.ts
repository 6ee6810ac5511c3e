import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { bytesOf, pushBar } from '@/lib/push'

describe('what stands in the way of web push', () => {
  const able = { isSecureContext: true, PushManager: {}, Notification: { permission: 'default' } }

  function phone(parts: Record<string, unknown>): void {
    vi.unstubAllGlobals()
    vi.stubGlobal('window', parts)
    vi.stubGlobal('navigator', { serviceWorker: {} })
    vi.stubGlobal('Notification', parts['Notification'])
  }

  it.each([
    ['nothing', able, null],
    ['a page without https', { ...able, isSecureContext: false }, 'insecure'],
    ['a browser that has none', { isSecureContext: true }, 'unsupported'],
    ['a person who said no', { ...able, Notification: { permission: 'denied' } }, 'blocked'],
  ])('%s', (_, parts, bar) => {
    phone(parts)
    expect(pushBar()).toBe(bar)
  })
})

it('a key is read as the server spells it', () => {
  expect([...bytesOf('BP-_AA')]).toEqual([4, 255, 191, 0])
})

describe('the service worker', () => {
  type Listener = (event: unknown) => void
  const listeners = new Map<string, Listener>()
  const shown: [string, NotificationOptions][] = []
  const opened: string[] = []
  const windows: { focus: () => Promise<void>; navigate: (url: string) => Promise<void> }[] = []

  beforeEach(() => {
    listeners.clear()
    shown.length = opened.length = windows.length = 0
    const source = readFileSync('build/service-worker.template.js', 'utf8')
    const scope = {
      location: { origin: 'https://farm.example' },
      addEventListener: (name: string, listener: Listener) => listeners.set(name, listener),
      registration: {
        showNotification: (title: string, options: NotificationOptions) =>
          Promise.resolve(void shown.push([title, options])),
      },
      clients: {
        matchAll: () => Promise.resolve(windows),
        openWindow: (url: string) => Promise.resolve(void opened.push(url)),
      },
    }
    const filled = source.replace('__VERSION__', '""').replace('__PRECACHE__', '[]')
    new Function('self', filled)(scope)
  })

  /** Lets something happen, and waits until the worker is done with it. */
  async function happens(name: string, event: object): Promise<void> {
    let done: unknown
    listeners.get(name)?.({ ...event, waitUntil: (work: unknown) => (done = work) })
    await done
  }

  const tapped = (path?: string): Promise<void> =>
    happens('notificationclick', { notification: { close: vi.fn(), data: { path } } })

  it('shows what the cloud says, and lets what is urgent stay', async () => {
    const said = { title: 'ក្ដៅពេក', body: 'ទ្រុង', path: '/farms/1/alerts', urgent: true }
    await happens('push', { data: { json: () => said } })
    const [title, options] = shown[0] ?? ['', {}]
    expect(title).toBe('ក្ដៅពេក')
    expect(options).toMatchObject({ body: 'ទ្រុង', requireInteraction: true })
  })

  it('shows something where nothing was said, for a browser insists on it', async () => {
    await happens('push', { data: null })
    expect(shown[0]?.[0]).toBe('Tokkatot')
  })

  it('opens the alerts', async () => {
    await tapped('/farms/1/alerts')
    expect(opened).toEqual(['https://farm.example/farms/1/alerts'])
  })

  it('brings the open app there instead of opening it twice', async () => {
    const went: string[] = []
    windows.push({
      focus: () => Promise.resolve(),
      navigate: (url) => Promise.resolve(void went.push(url)),
    })
    await tapped('/farms/1/alerts')
    expect([went, opened]).toEqual([['https://farm.example/farms/1/alerts'], []])
  })

  it('leads nowhere but into the app', async () => {
    await tapped('https://elsewhere.example/')
    expect(opened).toEqual(['https://farm.example'])
  })
})
