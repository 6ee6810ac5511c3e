/** The time zones that are offered; another one that is set already is kept. */

const ZONES = ['Asia/Phnom_Penh', 'Asia/Bangkok', 'Asia/Ho_Chi_Minh', 'Europe/Berlin', 'UTC']

export function zonesWith(present: string): string[] {
  return [...new Set([present, ...ZONES])]
}
