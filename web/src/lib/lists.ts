/** What lists can't do by themselves on the oldest phones: `Array.prototype.at` came in 2021. */

/** Returns the last one of a list. */
export function lastOf<T>(list: readonly T[]): T | undefined {
  return list[list.length - 1]
}
