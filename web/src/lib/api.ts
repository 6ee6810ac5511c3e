/** The one way out to the server: time-outs, typed problems, and one token refresh at a time. */

import { heard } from './clock'
import { idempotencyKey } from './ids'
import { Problem, problemOf } from './problems'
import type { Tokens } from './types'

export interface TokenBox {
  read(): Tokens | null
  write(tokens: Tokens): void
  /** The session is over: forget the tokens and ask for the password, keeping the place. */
  ended(): void
}

export interface Request {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  query?: Record<string, string | number | boolean | null | undefined>
  headers?: Record<string, string>
  timeout_ms?: number
  /** Without a token, for log-in and the like. */
  open?: boolean
}

/** Where the API has a path; the one in an answer starts at the root. */
export function apiPath(url: string): string {
  return url.replace(/^\/v1\//, '')
}

const TIMEOUT_MS = 10_000
const SHORT_MS = 4_000
/** A picture on a slow line takes longer than words do. */
const PICTURE_TIMEOUT_MS = 30_000
const LOCK = 'tokkatot-refresh'

/** Runs `work` so that no other tab does the same: a rotated refresh token used twice ends the session. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks
  return locks ? ((await locks.request(LOCK, work)) as T) : work()
}

interface Answer {
  status: number
  retry_after: string | null
  body: Blob
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function checked(answer: Answer): Promise<Answer> {
  if (answer.status >= 200 && answer.status < 300) return answer
  throw problemOf(answer.status, parsed(await answer.body.text()), answer.retry_after)
}

function queryOf(request: Request): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== null && value !== undefined) query.set(name, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** Tells whether the app itself can be fetched now. */
export async function appAnswers(): Promise<boolean> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), SHORT_MS)
  try {
    return (await fetch('/', { cache: 'no-store', signal: stop.signal })).ok
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

export class Api {
  private readonly base: string
  private readonly tokens: TokenBox
  private readonly fetcher: typeof fetch
  private refreshing: Promise<void> | null = null

  constructor(given: { base?: string; tokens: TokenBox; fetcher?: typeof fetch }) {
    this.base = given.base ?? '/v1/'
    this.tokens = given.tokens
    this.fetcher = given.fetcher ?? ((input, init) => fetch(input, init))
  }

  /** Sends a request and returns the JSON of its answer (undefined for 204). */
  async json<T>(path: string, request: Request = {}): Promise<T> {
    const answer = await this.answer(path, request)
    if (answer.status === 204) return undefined as T
    const body = parsed(await answer.body.text())
    if (body === undefined) throw new Problem('bad_answer', { status: answer.status })
    return body as T
  }

  /** Fetches a picture, which needs the token and so can't be a plain `src`. */
  async blob(path: string): Promise<Blob> {
    return (await this.answer(path, { timeout_ms: PICTURE_TIMEOUT_MS })).body
  }

  /** Returns an access token that is good for a new socket, refreshed first where `spent` was refused. */
  async accessToken(spent: string | null = null): Promise<string> {
    if (spent !== null && this.tokens.read()?.access_token === spent) await this.refresh(spent)
    return this.held().access_token
  }

  private async answer(path: string, request: Request): Promise<Answer> {
    const token = request.open ? null : await this.accessToken()
    const first = await this.send(path, request, token)
    if (first.status !== 401 || token === null) return checked(first)
    await this.refresh(token)
    const second = await this.send(path, request, await this.accessToken())
    if (second.status === 401) this.tokens.ended()
    return checked(second)
  }

  private async send(path: string, request: Request, token: string | null): Promise<Answer> {
    if ((globalThis.navigator as Navigator | undefined)?.onLine === false) {
      throw new Problem('phone_offline')
    }
    const headers: Record<string, string> = { Accept: 'application/json', ...request.headers }
    if (token !== null) headers['Authorization'] = `Bearer ${token}`
    // Of a form the browser itself says where its parts end.
    const form = request.body instanceof FormData ? request.body : null
    if (request.body !== undefined && form === null) headers['Content-Type'] = 'application/json'
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), request.timeout_ms ?? TIMEOUT_MS)
    try {
      const response = await this.fetcher(this.base + path + queryOf(request), {
        method: request.method ?? 'GET',
        headers,
        signal: stop.signal,
        cache: 'no-store',
        ...(request.body === undefined ? {} : { body: form ?? JSON.stringify(request.body) }),
      })
      const date = Date.parse(response.headers.get('Date') ?? '')
      // The header counts whole seconds, cut off: half of one is the best guess.
      if (Number.isFinite(date)) heard(date + 500)
      return {
        status: response.status,
        retry_after: response.headers.get('Retry-After'),
        body: await response.blob(),
      }
    } catch {
      throw new Problem(stop.signal.aborted ? 'no_answer' : 'phone_offline')
    } finally {
      clearTimeout(timer)
    }
  }

  private held(): Tokens {
    const held = this.tokens.read()
    if (held !== null) return held
    // Another tab has logged out.
    this.tokens.ended()
    throw new Problem('unauthenticated', { status: 401 })
  }

  private refresh(spent: string): Promise<void> {
    this.refreshing ??= alone(() => this.rotate(spent)).finally(() => {
      this.refreshing = null
    })
    return this.refreshing
  }

  private async rotate(spent: string): Promise<void> {
    const held = this.held()
    // Another tab was faster.
    if (held.access_token !== spent) return
    const key = held.refresh_key ?? idempotencyKey()
    // Kept before it goes out: the answer may be lost, and the page with it.
    if (key !== held.refresh_key) this.tokens.write({ ...held, refresh_key: key })
    const body = { refresh_token: held.refresh_token }
    const headers = { 'Idempotency-Key': key }
    const answer = await this.send('auth/refresh', { method: 'POST', body, headers }, null)
    if (answer.status === 401 || answer.status === 403) this.tokens.ended()
    const fresh = parsed(await (await checked(answer)).body.text())
    if (fresh === undefined) throw new Problem('bad_answer')
    this.tokens.write({ ...(fresh as Tokens), refresh_key: null })
  }
}
