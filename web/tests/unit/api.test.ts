import { beforeEach, describe, expect, it, vi } from 'vitest'

import { Api, apiPath, type TokenBox } from '@/lib/api'
import { Problem } from '@/lib/problems'
import type { Tokens } from '@/lib/types'

class Box implements TokenBox {
  held: Tokens | null = { access_token: 'old', refresh_token: 'r1', expires_in: 60 }
  endings = 0
  read(): Tokens | null {
    return this.held
  }
  write(tokens: Tokens): void {
    this.held = tokens
  }
  ended(): void {
    this.endings += 1
    this.held = null
  }
}

interface Call {
  url: string
  method: string
  token: string | null
}

let box: Box
let calls: Call[]
/** The keys of the renewals, in their order. */
let keys: (string | null)[]

function apiWith(answer: (call: Call) => Response | Promise<Response>): Api {
  const fetcher = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers)
    const call = {
      url: String(input),
      method: init?.method ?? 'GET',
      token: headers.get('Authorization'),
    }
    calls.push(call)
    if (call.url.endsWith('auth/refresh')) keys.push(headers.get('Idempotency-Key'))
    return Promise.resolve(answer(call))
  }
  return new Api({ tokens: box, fetcher })
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers })

const fresh = { access_token: 'new', refresh_token: 'r2', expires_in: 60 }

function expiring(call: Call): Response {
  if (call.url.endsWith('auth/refresh')) return json(fresh)
  return call.token === 'Bearer new' ? json({ ok: true }) : json({ code: 'unauthenticated' }, 401)
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  )
  if (!(thrown instanceof Problem)) throw new Error('no problem was thrown')
  return thrown
}

beforeEach(() => {
  box = new Box()
  calls = []
  keys = []
})

it('takes the address in an answer as the API has it', () => {
  expect(apiPath('/v1/farms/f/detections/d/picture')).toBe('farms/f/detections/d/picture')
})

describe('a request', () => {
  it('carries the token, the query and nothing that is not set', async () => {
    const api = apiWith(() => json({ items: [] }))
    await api.json('farms', { query: { limit: 5, cursor: null } })
    expect(calls).toEqual([{ url: '/v1/farms?limit=5', method: 'GET', token: 'Bearer old' }])
  })

  it('without an answer in time is a problem of its own', async () => {
    const api = new Api({
      tokens: box,
      fetcher: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    })
    expect((await problemOf(api.json('farms', { timeout_ms: 5 }))).code).toBe('no_answer')
  })

  it('lets a picture take longer than words', async () => {
    vi.useFakeTimers()
    let aborted = false
    const api = new Api({
      tokens: box,
      fetcher: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => {
            aborted = true
            reject(new Error('aborted'))
          })
        }),
    })
    const thrown = problemOf(api.blob('farms/f/houses/h/picture'))
    await vi.advanceTimersByTimeAsync(29_000)
    expect(aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await thrown).code).toBe('no_answer')
    vi.useRealTimers()
  })

  it('that finds no network says so', async () => {
    const api = apiWith(() => Promise.reject(new TypeError('failed to fetch')))
    expect((await problemOf(api.json('farms'))).code).toBe('phone_offline')
  })

  it.each([
    [403, { code: 'forbidden' }, 'forbidden'],
    [409, { code: 'hub_offline' }, 'hub_offline'],
    [409, { code: 'something_new' }, 'conflict'],
    [503, null, 'unavailable'],
    [500, { code: 7 }, 'internal'],
    [418, 'tea', 'bad_answer'],
  ])('answered %d %j is the problem %s', async (status, body, code) => {
    const api = apiWith(() => json(body, status))
    expect(await problemOf(api.json('farms'))).toMatchObject({ code, status })
  })

  it('that was too many tells how long to wait', async () => {
    const api = apiWith(() => json({ code: 'rate_limited' }, 429, { 'Retry-After': '12' }))
    expect((await problemOf(api.json('farms'))).retry_after_s).toBe(12)
  })

  it('answered by a page instead of JSON is a problem, not a crash', async () => {
    const api = apiWith(() => new Response('<html>', { status: 200 }))
    expect((await problemOf(api.json('farms'))).code).toBe('bad_answer')
  })
})

describe('an expired token', () => {
  it('is renewed once for all requests that run into it', async () => {
    const api = apiWith(expiring)
    const answers = await Promise.all([1, 2, 3].map(() => api.json('farms')))
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    expect(calls.filter(({ url }) => url.endsWith('auth/refresh'))).toHaveLength(1)
    expect(box.held).toEqual({ ...fresh, refresh_key: null })
  })

  it('that another tab has renewed is not renewed again', async () => {
    const api = apiWith((call) => {
      // The other tab's tokens land in the shared box while our answer is under way.
      box.write(fresh)
      return expiring(call)
    })
    expect(await api.json('farms')).toEqual({ ok: true })
    expect(calls.some(({ url }) => url.endsWith('auth/refresh'))).toBe(false)
  })

  it('that can not be renewed ends the session', async () => {
    const api = apiWith(() => json({ code: 'session_ended' }, 401))
    expect((await problemOf(api.json('farms'))).code).toBe('session_ended')
    expect(box.endings).toBe(1)
  })

  it('keeps the session when the renewal finds no network', async () => {
    const api = apiWith((call) => {
      if (call.url.endsWith('auth/refresh')) throw new TypeError('failed to fetch')
      return expiring(call)
    })
    expect((await problemOf(api.json('farms'))).code).toBe('phone_offline')
    expect(box.endings).toBe(0)
  })

  it('whose renewal was not answered is renewed under the same key, by whichever tab', async () => {
    let lost = 2
    const answer = (call: Call): Response => {
      if (call.url.endsWith('auth/refresh') && lost-- > 0) throw new TypeError('failed to fetch')
      return expiring(call)
    }
    await problemOf(apiWith(answer).json('farms'))
    await problemOf(apiWith(answer).json('farms'))
    expect(await apiWith(answer).json('farms')).toEqual({ ok: true })
    expect(keys).toHaveLength(3)
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(keys).size).toBe(1)
  })

  it('whose session another tab has ended asks for the password', async () => {
    const api = apiWith((call) => {
      box.held = null
      return expiring(call)
    })
    expect((await problemOf(api.json('farms'))).code).toBe('unauthenticated')
    expect(box.endings).toBe(1)
    expect((await problemOf(api.accessToken())).code).toBe('unauthenticated')
    expect([box.endings, keys]).toEqual([2, []])
  })

  it('is renewed under another key each time', async () => {
    const api = apiWith(expiring)
    await api.accessToken('old')
    await api.accessToken('new')
    expect(new Set(keys).size).toBe(2)
  })

  it('is renewed for a socket that was refused', async () => {
    const api = apiWith(expiring)
    expect(await api.accessToken('old')).toBe('new')
    expect(await api.accessToken('old')).toBe('new')
    expect(calls).toHaveLength(1)
  })
})
