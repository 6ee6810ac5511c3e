import { describe, expect, it } from 'vitest'

import { HUB_ID, linkTo, passIn } from '@/lib/hub'

describe('the way to a hub', () => {
  it('carries the pass where no server sees it', () => {
    const link = new URL(linkTo('http://192.168.1.5:8470', 'a.b-c_d.e'))
    expect(link.pathname + link.search).toBe('/')
    expect(passIn(link.hash)).toBe('a.b-c_d.e')
  })

  it.each(['', '#', '#pass=', '#pass=a b', '#pass=a&x=1', '#other=a', 'pass=a'])(
    'finds no pass in %j',
    (fragment) => {
      expect(passIn(fragment)).toBeNull()
    },
  )

  it('is no hub where nothing says so', () => {
    expect(HUB_ID).toBeNull()
  })
})
