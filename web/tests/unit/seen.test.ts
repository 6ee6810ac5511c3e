// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'

import type { Request } from '@/lib/api'
import type { Detection } from '@/lib/droppings'
import { Problem } from '@/lib/problems'
import { useFarm } from '@/stores/farm'
import { detection } from './detections'
import { close, opened, page, settled } from './droppings_page'

const NOW = Date.now()
const HALF_HOUR = 1_800_000

/** One that the camera made so many rounds ago. */
const round = (number: number, changes: Partial<Detection> = {}): Detection =>
  detection(`r${number}`, new Date(NOW - number * HALF_HOUR).toISOString(), changes)

/** A server that has these, the newest first, and keeps what people say of them. */
class Server {
  readonly asked: string[] = []
  readonly said: unknown[] = []

  constructor(public all: Detection[]) {}

  answer = (path: string, { query, method, body }: Request): unknown => {
    const id = /detections\/(\w+)/.exec(path)?.[1]
    if (id !== undefined) {
      this.asked.push(id)
      const found = this.all.find((one) => one.id === id)
      if (found === undefined) throw new Problem('not_found', { status: 404 })
      if (method !== 'POST') return found
      this.said.push(body)
      const { right, consent } = body as { right: boolean; consent: boolean }
      const marked = { ...found, right, consent, marked_by: { id: 'u', name: 'Dara' } }
      this.all = this.all.map((one) => (one.id === id ? marked : one))
      return marked
    }
    const start = Number(query?.['cursor'] ?? 0)
    const end = start + Number(query?.['limit'])
    const next_cursor = end < this.all.length ? String(end) : null
    return { items: this.all.slice(start, end), next_cursor }
  }
}

const all = <T extends HTMLElement>(of: string): T[] => [...(page()?.querySelectorAll<T>(of) ?? [])]
const shown = (): string | undefined => all('[data-detection]')[0]?.dataset['detection']
const strip = (): HTMLButtonElement[] => all<HTMLButtonElement>('.strip button')
const tap = async (of: string): Promise<void> => {
  all(of)[0]?.click()
  await settled()
}
const rounds = (count: number): Detection[] =>
  Array.from({ length: count }, (_, number) => round(number))

afterEach(close)

describe('the photograph that an alert is about', () => {
  const warned = round(60, { disease: 'newcastle', alert: true })

  it('is shown and can be marked, however many were taken since', async () => {
    const server = new Server([...rounds(60), warned, round(61)])
    await opened(server.answer, '?shown=r60')
    expect([shown(), all('article')[0]?.dataset['look']]).toEqual(['r60', 'suspicious'])

    await tap('[data-right]')
    expect(server.said).toEqual([{ right: true, disease: null, consent: false }])
    expect([shown(), all('[data-marked]').length]).toEqual(['r60', 1])
  })

  it('is not taken for another one while it can’t be had', async () => {
    await opened(new Server(rounds(3)).answer, '?shown=gone')
    expect([shown(), strip().length, all('[data-problem=not_found]').length]).toEqual([
      undefined,
      3,
      1,
    ])
    await tap('.strip button')
    expect(shown()).toBe('r0')
  })

  it('is asked for no more once another one is looked at, where it is gone', async () => {
    const server = new Server(rounds(3))
    await opened(server.answer, '?shown=gone')
    await tap('.strip button')
    expect(all('[data-problem]')).toEqual([])

    useFarm().last_seen = { id: 'r0', house_id: 'h', camera: 'front' }
    await settled()
    expect([server.asked, all('[data-problem]').length]).toEqual([['gone'], 0])
  })

  it('is sought on where it can’t be reached, whatever is looked at meanwhile', async () => {
    const server = new Server([...rounds(60), warned])
    let is_away = true
    await opened((path, request) => {
      if (is_away && path.endsWith('detections/r60')) throw new Problem('phone_offline')
      return server.answer(path, request)
    }, '?shown=r60')
    await tap('.strip button')
    is_away = false
    useFarm().last_seen = { id: 'r0', house_id: 'h', camera: 'front' }
    await settled()
    expect([server.asked, shown(), all('[data-problem]').length]).toEqual([['r60'], 'r0', 0])
  })

  it('leaves what the cameras say of now alone', async () => {
    const server = new Server([...rounds(60), { ...warned, camera: 'taken down' }])
    await opened(server.answer, '?shown=r60')
    expect([shown(), all('[data-silent]')]).toEqual(['r60', []])
  })

  it('gets its second opinion while it is looked at', async () => {
    const server = new Server([...rounds(60), warned])
    await opened(server.answer, '?shown=r60')
    server.all[60] = {
      ...warned,
      second_opinion: { ...warned, models: 'of the cloud', agrees: true },
    }
    useFarm().last_seen = { id: 'r60', house_id: 'h', camera: 'front' }
    await settled()
    expect(all('[data-second]').map(({ dataset }) => dataset['second'])).toEqual(['agrees'])
  })
})

describe('earlier photographs', () => {
  it('come page by page, and stay when a new one is made', async () => {
    const server = new Server(rounds(120))
    await opened(server.answer)
    expect(strip()).toHaveLength(48)
    await tap('[data-more]')
    await tap('[data-more]')
    expect([strip().length, all('[data-more]').length]).toEqual([120, 0])

    server.all = [round(-1), ...server.all]
    useFarm().last_seen = { id: 'r-1', house_id: 'h', camera: 'front' }
    await settled()
    expect([strip().length, shown()]).toEqual([121, 'r-1'])
  })

  it('begin anew where more came than one page: there is no hole in the list', async () => {
    const server = new Server(rounds(120))
    await opened(server.answer)
    await tap('[data-more]')
    server.all = [...Array.from({ length: 60 }, (_, number) => round(number - 60)), ...server.all]
    useFarm().last_seen = { id: 'r-60', house_id: 'h', camera: 'front' }
    await settled()
    expect([strip().length, all('[data-more]').length]).toEqual([48, 1])
  })
})

describe('what the page shows', () => {
  it('says how sure it is, and shows each earlier one on a tap', async () => {
    const three = [
      round(0, { confidence: 0.936 }),
      round(1, { disease: 'unknown', reasons: ['dark'] }),
      round(2, { disease: 'coccidiosis', alert: true, confidence: 0.81 }),
    ]
    await opened(new Server(three).answer)
    const meter = (): string[] =>
      all('[role=meter]').map((one) => one.getAttribute('aria-valuenow') ?? '')
    expect(meter()).toEqual(['94'])
    expect(all('.sure')[0]?.textContent).toContain('94\u00a0% sure')
    expect(strip().map((one) => one.getAttribute('aria-label')?.split(': ')[1])).toEqual([
      'No sign of disease',
      'It can’t be told',
      'Signs of coccidiosis',
    ])

    strip()[2]?.click()
    await settled()
    expect([shown(), meter()]).toEqual(['r2', ['81']])
    expect(strip().map((one) => one.getAttribute('aria-pressed'))).toEqual([
      'false',
      'false',
      'true',
    ])
    strip()[1]?.click()
    await settled()
    expect([shown(), meter()]).toEqual(['r1', []])
  })
})

describe('consent to learn from a photograph', () => {
  const box = (): boolean | undefined => all<HTMLInputElement>('[data-consent]')[0]?.checked

  it('is shown as it was given, and not taken back by a second word', async () => {
    const server = new Server([round(0, { right: true, consent: true }), round(1)])
    await opened(server.answer)
    expect(box()).toBe(true)
    await tap('[data-right]')
    expect(server.said).toEqual([{ right: true, disease: null, consent: true }])

    strip()[1]?.click()
    await settled()
    expect(box()).toBe(false)
    strip()[0]?.click()
    await settled()
    expect(box()).toBe(true)
  })

  it('that another phone gave meanwhile is shown, and not taken back', async () => {
    const server = new Server([round(0)])
    await opened(server.answer)
    expect(box()).toBe(false)
    server.all = [round(0, { right: true, consent: true })]
    useFarm().last_seen = { id: 'r0', house_id: 'h', camera: 'front' }
    await settled()
    expect(box()).toBe(true)
    await tap('[data-right]')
    expect(server.said).toEqual([{ right: true, disease: null, consent: true }])
  })
})
