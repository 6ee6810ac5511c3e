/** Keys and ids for writes that may be sent twice and must count once. */

/** Returns 128 random bits as hex; `crypto.randomUUID` is missing on a plain-http LAN page. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Returns an id for what this phone makes: sent twice, it is still one thing. */
export function newId(): string {
  const bits = idempotencyKey()
  const variant = '89ab'[parseInt(bits.charAt(16), 16) % 4] ?? '8'
  const parts = [bits.slice(0, 8), bits.slice(8, 12), `4${bits.slice(13, 16)}`]
  return [...parts, variant + bits.slice(17, 20), bits.slice(20)].join('-')
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
