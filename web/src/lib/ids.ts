/** Keys for writes that may be sent twice and must count once. */

/** Returns 128 random bits as hex; `crypto.randomUUID` is missing on a plain-http LAN page. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The keys of what one form writes: a repeat of a body has its key, another body another. */
export class BodyKeys {
  private sent = { text: '', key: '' }

  /** Whether something went out since the form was opened or `forget` was called. */
  get used(): boolean {
    return this.sent.text !== ''
  }

  of(body: unknown): string {
    const text = JSON.stringify(body)
    if (this.sent.text !== text) this.sent = { text, key: idempotencyKey() }
    return this.sent.key
  }

  /** The same body is a new wish from here on. */
  forget(): void {
    this.sent = { text: '', key: '' }
  }
}
