/** What the phone saw last, so that it has something to show at once; every entry says how old it is. */

export interface Seen<T> {
  at_ms: number
  value: T
}

const PREFIX = 'tokkatot.seen.'
/** A house is about 10 KB and a phone gives an app 5 MB. */
const MOST_ENTRIES = 24

/** The part of `localStorage` that is used; a private window may have none. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

export class Cache {
  private readonly shelf: Shelf | null
  private readonly now: () => number

  constructor(given: { shelf: Shelf | null; now: () => number }) {
    this.shelf = given.shelf
    this.now = given.now
  }

  read<T>(name: string): Seen<T> | null {
    try {
      const text = this.shelf?.getItem(PREFIX + name)
      return text === null || text === undefined ? null : (JSON.parse(text) as Seen<T>)
    } catch {
      return null
    }
  }

  write(name: string, value: unknown): void {
    if (this.shelf === null) return
    try {
      this.shelf.setItem(PREFIX + name, JSON.stringify({ at_ms: this.now(), value }))
      this.trim()
    } catch {
      // A full shelf costs the start's first picture, nothing else.
      this.clear()
    }
  }

  /** Another person may log in on this phone next. */
  clear(): void {
    for (const name of this.names()) this.shelf?.removeItem(name)
  }

  private names(): string[] {
    const names: string[] = []
    for (let index = 0; index < (this.shelf?.length ?? 0); index += 1) {
      const name = this.shelf?.key(index)
      if (name?.startsWith(PREFIX)) names.push(name)
    }
    return names
  }

  private trim(): void {
    const names = this.names()
    if (names.length <= MOST_ENTRIES) return
    const aged = names.map((name) => ({
      name,
      at_ms: this.read(name.slice(PREFIX.length))?.at_ms ?? 0,
    }))
    aged.sort((a, b) => a.at_ms - b.at_ms)
    for (const { name } of aged.slice(0, names.length - MOST_ENTRIES)) this.shelf?.removeItem(name)
  }
}
