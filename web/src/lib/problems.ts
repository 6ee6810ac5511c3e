/** What can go wrong with a request, as one small tree. */

export interface FieldError {
  field: string
  code: string
  detail?: string
}

/** The codes of the server's table, and the three that only a phone can notice. */
export const PROBLEM_CODES = [
  'unauthenticated',
  'session_ended',
  'login_failed',
  'forbidden',
  'not_found',
  'validation_failed',
  'conflict',
  'already_exists',
  'in_use',
  'last_owner',
  'method_not_allowed',
  'key_unknown',
  'key_used',
  'key_expired',
  'pin_wrong',
  'code_wrong',
  'code_expired',
  'rate_limited',
  'body_too_large',
  'picture_refused',
  'state_unknown',
  'device_offline',
  'hub_offline',
  'no_hub',
  'idempotency_mismatch',
  'unavailable',
  'wrong_host',
  'cross_site',
  'internal',
  'phone_offline',
  'no_answer',
  'bad_answer',
] as const

export type ProblemCode = (typeof PROBLEM_CODES)[number]

const BY_STATUS: Record<number, ProblemCode> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'body_too_large',
  422: 'validation_failed',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly errors: FieldError[]
  readonly retry_after_s: number | null
  readonly request_id: string | null

  constructor(
    code: ProblemCode,
    given: {
      status?: number
      errors?: FieldError[]
      retry_after_s?: number | null
      request_id?: string | null
      detail?: string
    } = {},
  ) {
    super(given.detail ?? code)
    this.name = 'Problem'
    this.code = code
    this.status = given.status ?? 0
    this.errors = given.errors ?? []
    this.retry_after_s = given.retry_after_s ?? null
    this.request_id = given.request_id ?? null
  }
}

export function isProblemCode(value: unknown): value is ProblemCode {
  return PROBLEM_CODES.some((code) => code === value)
}

/** Returns the problem in an answer that is not a success; a code we do not know falls back to the status. */
export function problemOf(
  status: number,
  body: unknown,
  retry_after: string | null = null,
): Problem {
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const seconds = Number(retry_after)
  return new Problem(
    isProblemCode(given['code'])
      ? given['code']
      : (BY_STATUS[status] ?? (status >= 500 ? 'internal' : 'bad_answer')),
    {
      status,
      errors: Array.isArray(given['errors']) ? (given['errors'] as FieldError[]) : [],
      retry_after_s: retry_after !== null && Number.isFinite(seconds) ? seconds : null,
      request_id: typeof given['request_id'] === 'string' ? given['request_id'] : null,
      ...(typeof given['detail'] === 'string' ? { detail: given['detail'] } : {}),
    },
  )
}

/** Returns any thrown thing as a problem, so that a page has one kind to show. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('internal', { detail: String(thrown) })
}
