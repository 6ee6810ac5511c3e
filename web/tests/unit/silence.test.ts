// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'

import type { Detection } from '@/lib/droppings'
import { silences } from '@/lib/silence'
import { detection } from './detections'
import { close, opened, page } from './droppings_page'

const NOW = Date.now()
const HOUR = 3_600_000

const seen = (hours_ago: number, changes: Partial<Detection> = {}): Detection => {
  const t = new Date(NOW - hours_ago * HOUR).toISOString()
  return detection(`${changes.camera ?? 'front'}-${hours_ago}`, t, changes)
}
const silent = (list: Detection[]): string[] =>
  silences(list, NOW).map(({ camera, last }) => `${camera} ${last.id}`)

describe('a camera', () => {
  it('is silent where its newest photograph is older than two hours', () => {
    expect(silent([seen(1.9), seen(2.4)])).toEqual([])
    expect(silent([seen(2.6), seen(2.1)])).toEqual(['front front-2.1'])
  })

  it('that looks seldom is silent after two of its rounds', () => {
    const rounds = [12, 24, 36, 48]
    expect(silent([seen(11), ...rounds.map((hours) => seen(11 + hours))])).toEqual([])
    expect(silent([seen(25), ...rounds.map((hours) => seen(25 + hours))])).toHaveLength(1)
  })

  it('is silent beside others that look, and a phone is no camera', () => {
    expect(silent([seen(0.5), seen(3, { camera: 'back' }), seen(9, { camera: null })])).toEqual([
      'back back-3',
    ])
  })
})

const open = (items: Detection[]): Promise<void> => opened(() => ({ items, next_cursor: null }))

afterEach(close)

const look = (): string | undefined =>
  page()?.querySelector<HTMLElement>('article')?.dataset['look']
const told = (): string[] =>
  [...(page()?.querySelectorAll<HTMLElement>('[data-silent]') ?? [])].map(({ textContent }) =>
    textContent.trim().replace(/ since .*/, ''),
  )

describe('the page of droppings', () => {
  it('shows no healthy green once the camera has fallen silent', async () => {
    await open([seen(3), seen(3.5)])
    expect([look(), told()]).toEqual(['unknown', ['front: no picture']])
  })

  it('keeps a warning of a camera that has fallen silent, and says both', async () => {
    await open([seen(3, { disease: 'newcastle', alert: true })])
    expect([look(), told().length]).toEqual(['suspicious', 1])
  })

  it('says beside what one camera sees that another is silent', async () => {
    await open([seen(0.5), seen(5, { camera: 'back' })])
    expect([look(), told()]).toEqual(['healthy', ['back: no picture']])
  })
})
