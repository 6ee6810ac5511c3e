/** Numbers, times and ages as people read them; own tables, since many browsers have no Khmer data. */

import type { Language } from './types'

const KHMER_DIGITS = '០១២៣៤៥៦៧៨៩'

/** Returns a text with its digits in the language's own script. */
export function digits(text: string, language: Language): string {
  if (language === 'en') return text
  return text.replace(/[0-9]/g, (digit) => KHMER_DIGITS[Number(digit)] ?? digit)
}

/** Returns what a person typed with plain digits: a Khmer keyboard types Khmer ones. */
export function plainDigits(text: string): string {
  return text.replace(/[០-៩]/g, (digit) => String(KHMER_DIGITS.indexOf(digit)))
}

/** Returns a number with `decimals` places, a true minus sign and thin groups from 10,000 on. */
export function number(value: number, language: Language, decimals = 0): string {
  if (!Number.isFinite(value)) return '—'
  const [whole = '0', part] = Math.abs(value).toFixed(decimals).split('.')
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole
  const sign = value < 0 && Number(value.toFixed(decimals)) !== 0 ? '−' : ''
  return digits(sign + grouped + (part === undefined ? '' : `.${part}`), language)
}

/** Returns what a person typed as a number, or null. */
export function parseNumber(text: string): number | null {
  // What is shown has its thousands apart.
  const plain = plainDigits(text)
    .trim()
    .replace(/\u202f/g, '')
    .replace(',', '.')
    .replace('−', '-')
  if (!/^-?\d+(\.\d+)?$/.test(plain)) return null
  return Number(plain)
}

interface WallTime {
  year: number
  month: number
  day: number
  weekday: number
  hour: number
  minute: number
}

const formatters = new Map<string, Intl.DateTimeFormat>()
const WEEKDAYS_EN = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

function formatter(zone: string): Intl.DateTimeFormat {
  const held = formatters.get(zone)
  if (held !== undefined) return held
  const fields: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }
  let made: Intl.DateTimeFormat
  try {
    made = new Intl.DateTimeFormat('en-US', { ...fields, timeZone: zone })
  } catch {
    made = new Intl.DateTimeFormat('en-US', { ...fields, timeZone: 'UTC' })
  }
  formatters.set(zone, made)
  return made
}

/** Returns the wall time of an instant in the farm's zone. */
export function wallTime(t_ms: number, zone: string): WallTime {
  const parts: Record<string, string> = {}
  for (const part of formatter(zone).formatToParts(t_ms)) parts[part.type] = part.value
  return {
    year: Number(parts['year']),
    month: Number(parts['month']),
    day: Number(parts['day']),
    weekday: WEEKDAYS_EN.indexOf(parts['weekday'] ?? 'Sun'),
    hour: Number(parts['hour']) % 24,
    minute: Number(parts['minute']),
  }
}

interface Words {
  weekdays: readonly string[]
  months: readonly string[]
  day: (weekday: string, day: string, month: string) => string
  today: string
  yesterday: string
  now: string
  ago: (span: string) => string
  unit: { s: [string, string]; min: [string, string]; h: [string, string]; d: [string, string] }
}

const WORDS: Readonly<Record<Language, Words>> = {
  km: {
    weekdays: ['អាទិត្យ', 'ចន្ទ', 'អង្គារ', 'ពុធ', 'ព្រហស្បតិ៍', 'សុក្រ', 'សៅរ៍'],
    months: [
      'មករា',
      'កុម្ភៈ',
      'មីនា',
      'មេសា',
      'ឧសភា',
      'មិថុនា',
      'កក្កដា',
      'សីហា',
      'កញ្ញា',
      'តុលា',
      'វិច្ឆិកា',
      'ធ្នូ',
    ],
    day: (weekday, day, month) => `ថ្ងៃ${weekday} ទី${day} ${month}`,
    today: 'ថ្ងៃនេះ',
    yesterday: 'ម្សិលមិញ',
    now: 'អម្បាញ់មិញ',
    ago: (span) => `${span}មុន`,
    unit: {
      s: ['វិនាទី', 'វិនាទី'],
      min: ['នាទី', 'នាទី'],
      h: ['ម៉ោង', 'ម៉ោង'],
      d: ['ថ្ងៃ', 'ថ្ងៃ'],
    },
  },
  en: {
    weekdays: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
    months: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
    day: (weekday, day, month) => `${weekday} ${day} ${month}`,
    today: 'Today',
    yesterday: 'Yesterday',
    now: 'just now',
    ago: (span) => `${span} ago`,
    unit: { s: ['s', 's'], min: ['min', 'min'], h: ['hour', 'hours'], d: ['day', 'days'] },
  },
}

const two = (value: number): string => String(value).padStart(2, '0')

/** Returns 14:05 in the farm's zone. */
export function clockTime(t_ms: number, zone: string, language: Language): string {
  const wall = wallTime(t_ms, zone)
  return digits(`${two(wall.hour)}:${two(wall.minute)}`, language)
}

/** Returns the day in words, without a year. */
export function dayName(t_ms: number, zone: string, language: Language): string {
  const wall = wallTime(t_ms, zone)
  const words = WORDS[language]
  return words.day(
    words.weekdays[wall.weekday] ?? '',
    digits(String(wall.day), language),
    words.months[wall.month - 1] ?? '',
  )
}

/** Returns `21/11`, for the foot of a chart. */
export function shortDay(t_ms: number, zone: string, language: Language): string {
  const wall = wallTime(t_ms, zone)
  return digits(`${wall.day}/${wall.month}`, language)
}

/** Returns the day and the time, with today and yesterday by name. */
export function dayAndTime(t_ms: number, now_ms: number, zone: string, language: Language): string {
  const time = clockTime(t_ms, zone, language)
  const day = dayName(t_ms, zone, language)
  const words = WORDS[language]
  if (day === dayName(now_ms, zone, language)) return `${words.today} ${time}`
  if (day === dayName(now_ms - 86_400_000, zone, language)) return `${words.yesterday} ${time}`
  return `${day} ${time}`
}

/** Returns a length of time in its largest fitting unit: `10 min`, `1 h 30 min`. */
export function duration(seconds: number, language: Language): string {
  const unit = WORDS[language].unit
  const say = (value: number, names: [string, string]): string =>
    // A number stays on the line of its unit.
    `${number(value, language)}\u00a0${value === 1 ? names[0] : names[1]}`
  if (seconds < 60) return say(Math.round(seconds), unit.s)
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return say(minutes, unit.min)
  if (minutes < 48 * 60) {
    const hours = Math.floor(minutes / 60)
    const rest = minutes % 60
    return rest === 0 || hours >= 6
      ? say(hours, unit.h)
      : `${say(hours, unit.h)} ${say(rest, unit.min)}`
  }
  return say(Math.round(minutes / 1440), unit.d)
}

/** Returns how long ago an instant was; the future (a clock that runs ahead) counts as now. */
export function age(t_ms: number, now_ms: number, language: Language): string {
  const words = WORDS[language]
  const seconds = Math.floor((now_ms - t_ms) / 1000)
  if (seconds < 10) return words.now
  const span =
    seconds < 60
      ? duration(seconds, language)
      : duration(seconds < 3600 ? seconds - (seconds % 60) : seconds - (seconds % 3600), language)
  return words.ago(language === 'km' ? `${span}` : span)
}

/** Returns the time left as a countdown: `9:59`, `1:05:00`. */
export function countdown(left_ms: number, language: Language): string {
  const seconds = Math.max(0, Math.ceil(left_ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const text =
    hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
  return digits(text, language)
}

/** Returns a phone number as it is spoken in Cambodia: `012 345 678`. */
export function phone(e164: string, language: Language): string {
  const local = e164.replace(/^\+855/, '0')
  const grouped = /^0\d{8,9}$/.test(local)
    ? local.replace(/^(\d{3})(\d{3})(\d+)$/, '$1 $2 $3')
    : local
  return digits(grouped, language)
}
