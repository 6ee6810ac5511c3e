// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'

type Worker = typeof import('@/lib/worker')

let worker: Worker
let gone: string[]

const SOON = { timeout: 30_000 }

/** The server of the app answers so. */
function server(answer: () => Promise<Response>): void {
  vi.stubGlobal('fetch', vi.fn(answer))
}

const there = (): Promise<Response> => Promise.resolve(new Response('<html>'))
const away = (): Promise<Response> => Promise.reject(new TypeError('failed to fetch'))

beforeEach(async () => {
  vi.resetModules()
  vi.unstubAllGlobals()
  sessionStorage.clear()
  gone = []
  vi.spyOn(location, 'reload').mockImplementation(() => void gone.push('again'))
  vi.spyOn(location, 'assign').mockImplementation((url) => void gone.push(String(url)))
  worker = await import('@/lib/worker')
})

describe('a part of the app that does not come', () => {
  it('loads the page that was gone to anew, once', async () => {
    server(there)
    worker.goesTo('/farms/f/alerts')
    await Promise.all([worker.partMissed(), worker.partMissed()])
    expect(gone).toEqual(['/farms/f/alerts'])
    await worker.partMissed()
    expect([gone.length, worker.missing.value]).toEqual([1, 'internal'])
  })

  it('loads the page on the screen anew once the other one was given up', async () => {
    server(away)
    worker.goesTo('/farms/f/alerts')
    worker.stayed()
    await vi.waitFor(() => expect(worker.missing.value).toBe('phone_offline'), SOON)
    server(there)
    await worker.partMissed()
    expect(gone).toEqual(['again'])
  })

  it('loads the page on the screen anew where it is a part of that', async () => {
    server(there)
    worker.arrived()
    await worker.partMissed()
    expect(gone).toEqual(['again'])
  })

  it.each([
    ['nobody answers', away],
    ['something else answers', () => Promise.resolve(new Response('', { status: 502 }))],
  ])('leaves the page as it is and says so where %s, until another is shown', async (_, answer) => {
    server(answer)
    const asked = vi.mocked(fetch)
    worker.goesTo('/farms/f/alerts')
    await worker.partMissed()
    expect(asked.mock.calls[0]).toMatchObject(['/', { cache: 'no-store' }])
    expect([gone, worker.missing.value]).toEqual([[], 'phone_offline'])
    worker.arrived()
    expect(worker.missing.value).toBeNull()
  })

  it('is no reason to load anew over and over where nothing can be remembered', async () => {
    server(there)
    server(there)
    vi.stubGlobal('sessionStorage', {
      getItem: () => {
        throw new Error('refused')
      },
    })
    await worker.partMissed()
    expect([gone, worker.missing.value]).toEqual([[], 'internal'])
  })

  it('hears of it from the loader, and not any more once the phone is online', async () => {
    server(away)
    worker.reloadWhereOutdated()
    const event = new Event('vite:preloadError', { cancelable: true })
    window.dispatchEvent(event)
    await vi.waitFor(() => expect(worker.missing.value).toBe('phone_offline'), SOON)
    expect(event.defaultPrevented).toBe(false)
    window.dispatchEvent(new Event('online'))
    expect(worker.missing.value).toBeNull()
  })
})

describe('a newer version', () => {
  class FakeWorker extends EventTarget {
    state = 'installed'
    said: unknown[] = []
    postMessage(message: unknown): void {
      this.said.push(message)
    }
  }

  async function offered(): Promise<{ container: EventTarget; newer: FakeWorker }> {
    const newer = new FakeWorker()
    const registration = Object.assign(new EventTarget(), { waiting: newer })
    const container = Object.assign(new EventTarget(), {
      controller: new FakeWorker(),
      register: () => Promise.resolve(registration),
    })
    vi.stubGlobal('navigator', { serviceWorker: container })
    vi.useFakeTimers()
    await worker.startWorker()
    vi.useRealTimers()
    expect(worker.updateReady.value).toBe(true)
    return { container, newer }
  }

  it('is shown once it has taken over', async () => {
    const { container, newer } = await offered()
    worker.useNewVersion()
    expect([newer.said, gone]).toEqual([['use-now'], []])
    container.dispatchEvent(new Event('controllerchange'))
    expect(gone).toEqual(['again'])
  })

  it('is shown at once where another tab let it take over', async () => {
    const { newer } = await offered()
    newer.state = 'activated'
    worker.useNewVersion()
    expect([newer.said, gone]).toEqual([[], ['again']])
  })
})
