import { describe, expect, it } from 'vitest'

import {
  age,
  clockTime,
  countdown,
  dayAndTime,
  dayName,
  digits,
  duration,
  number,
  parseNumber,
  phone,
  plainDigits,
} from '@/lib/formats'

const ZONE = 'Asia/Phnom_Penh'
const SATURDAY = Date.parse('2026-11-21T07:05:09Z')

describe('numbers', () => {
  it('are written in Khmer digits in Khmer', () => {
    expect(number(480, 'km')).toBe('៤៨០')
    expect(number(28.34, 'km', 1)).toBe('២៨.៣')
    expect(digits('14:05', 'km')).toBe('១៤:០៥')
  })

  it('have a true minus, and none at zero', () => {
    expect(number(-3.2, 'en', 1)).toBe('−3.2')
    expect(number(-0.01, 'en', 1)).toBe('0.0')
  })

  it('are grouped when they are long, and a dash when they are none', () => {
    expect(number(1234, 'en')).toBe('1234')
    expect(number(1234567, 'en')).toBe('1\u202f234\u202f567')
    expect(number(NaN, 'en')).toBe('—')
  })

  it('are read back from either keyboard', () => {
    expect(parseNumber('២៨.៥')).toBe(28.5)
    expect(parseNumber(' 28,5 ')).toBe(28.5)
    expect(parseNumber('−3')).toBe(-3)
    expect(parseNumber('')).toBeNull()
    expect(parseNumber('1e9')).toBeNull()
    expect(plainDigits('០១២ ៣៤៥ ៦៧៨')).toBe('012 345 678')
  })
})

describe('times', () => {
  it('are those of the farm, wherever the phone is', () => {
    expect(clockTime(SATURDAY, ZONE, 'en')).toBe('14:05')
    expect(clockTime(SATURDAY, ZONE, 'km')).toBe('១៤:០៥')
    expect(clockTime(Date.parse('2026-11-20T17:00:00Z'), ZONE, 'en')).toBe('00:00')
  })

  it('name the day in Khmer from our own table', () => {
    expect(dayName(SATURDAY, ZONE, 'km')).toBe('ថ្ងៃសៅរ៍ ទី២១ វិច្ឆិកា')
    expect(dayName(SATURDAY, ZONE, 'en')).toBe('Sat 21 Nov')
  })

  it('say today and yesterday by name', () => {
    expect(dayAndTime(SATURDAY, SATURDAY + 3_600_000, ZONE, 'en')).toBe('Today 14:05')
    expect(dayAndTime(SATURDAY, SATURDAY + 86_400_000, ZONE, 'km')).toBe('ម្សិលមិញ ១៤:០៥')
    expect(dayAndTime(SATURDAY, SATURDAY + 3 * 86_400_000, ZONE, 'en')).toBe('Sat 21 Nov 14:05')
  })

  it('of an unknown zone are those of UTC, not an error', () => {
    expect(clockTime(SATURDAY, 'Mars/Olympus', 'en')).toBe('07:05')
  })
})

describe('ages', () => {
  it.each([
    [0, 'just now', 'អម្បាញ់មិញ'],
    [-60, 'just now', 'អម្បាញ់មិញ'],
    [42, '42\u00a0s ago', '៤២\u00a0វិនាទីមុន'],
    [239, '3\u00a0min ago', '៣\u00a0នាទីមុន'],
    [3_599, '59\u00a0min ago', '៥៩\u00a0នាទីមុន'],
    [7_300, '2\u00a0hours ago', '២\u00a0ម៉ោងមុន'],
    [3 * 86_400, '3\u00a0days ago', '៣\u00a0ថ្ងៃមុន'],
  ])('of %d seconds is %s', (seconds, english, khmer) => {
    expect(age(SATURDAY - seconds * 1000, SATURDAY, 'en')).toBe(english)
    expect(age(SATURDAY - seconds * 1000, SATURDAY, 'km')).toBe(khmer)
  })
})

describe('lengths of time', () => {
  it.each([
    [30, '30\u00a0s'],
    [600, '10\u00a0min'],
    [3600, '1\u00a0hour'],
    [5400, '1\u00a0hour 30\u00a0min'],
    [43_200, '12\u00a0hours'],
  ])('of %d seconds are %s', (seconds, text) => {
    expect(duration(seconds, 'en')).toBe(text)
  })

  it('count down to zero and stay there', () => {
    expect(countdown(599_001, 'en')).toBe('10:00')
    expect(countdown(3_665_000, 'km')).toBe('១:០១:០៥')
    expect(countdown(-5, 'en')).toBe('0:00')
  })
})

describe('phone numbers', () => {
  it('are spoken as in Cambodia', () => {
    expect(phone('+85512345678', 'en')).toBe('012 345 678')
    expect(phone('+85512345678', 'km')).toBe('០១២ ៣៤៥ ៦៧៨')
    expect(phone('+4915112345678', 'en')).toBe('+4915112345678')
  })
})
