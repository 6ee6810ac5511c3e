/** Keys for writes that may be sent twice and must count once. */

/** Returns 128 random bits as hex; `crypto.randomUUID` is missing on a plain-http LAN page. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
