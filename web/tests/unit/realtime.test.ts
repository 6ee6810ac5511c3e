import { beforeEach, describe, expect, it } from 'vitest'

import {
  DEAD_AFTER_MS,
  FAILURES_BEFORE_POLLING,
  POLL_EVERY_MS,
  Realtime,
  type Link,
  type Socket,
} from '@/lib/realtime'
import type { Changes, ServerFrame } from '@/lib/frame_types'

/** A socket whose other end is the test. */
class FakeSocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  sent: Record<string, unknown>[] = []
  closed = false

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(): void {
    this.closed = true
  }

  says(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) })
  }
}

/** Time, sockets and answers in the test's hands. */
class FakeWorld {
  now = 0
  sockets: FakeSocket[] = []
  timers = new Map<number, { at: number; work: () => void }>()
  tokens: (string | null)[] = []
  polls: number[] = []
  answer: Changes | null = null
  /** A refresh of the token takes as long as the test wants. */
  refresh: Promise<string> = Promise.resolve('fresh')
  private last = 0

  connect = (): Socket => {
    const socket = new FakeSocket()
    this.sockets.push(socket)
    return socket as unknown as Socket
  }
  token = (spent: string | null): Promise<string> => {
    this.tokens.push(spent)
    return spent === null ? Promise.resolve('token') : this.refresh
  }
  changes = (_farm: string, since: number): Promise<Changes> => {
    this.polls.push(since)
    return this.answer === null
      ? Promise.reject(new Error('offline'))
      : Promise.resolve(this.answer)
  }
  now_ms = (): number => this.now
  random = (): number => 0.5
  setTimeout = (work: () => void, after: number): number => {
    this.timers.set(++this.last, { at: this.now + after, work })
    return this.last
  }
  clearTimeout = (timer: number): void => {
    this.timers.delete(timer)
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('nobody connected')
    return socket
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end)
      const next = due.sort((a, b) => a[1].at - b[1].at)[0]
      if (next === undefined) break
      this.timers.delete(next[0])
      this.now = Math.max(this.now, next[1].at)
      next[1].work()
      await settled()
    }
    this.now = end
    await settled()
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
}

class Heard {
  frames: ServerFrame[] = []
  links: Link[] = []
  reloads = 0
  times: (number | null)[] = []
  codes: number[] = []
  frame = (frame: ServerFrame): void => void this.frames.push(frame)
  reload = (): void => void (this.reloads += 1)
  link = (link: Link): void => void this.links.push(link)
  heard = (t_ms: number | null): void => void this.times.push(t_ms)
  refused = (code: number): void => void this.codes.push(code)
}

const numbered = (seq: number) => ({ type: 'farm.changed', farm: 'f', seq, t: 1, data: {} })
const HEARTBEAT = { type: 'heartbeat', t: 5 }

let world: FakeWorld
let heard: Heard

function begin(since: number | null = null): Realtime {
  const realtime = new Realtime({ world, listener: heard, farm: 'f', since })
  realtime.start()
  return realtime
}

async function goLive(since: number | null = null): Promise<Realtime> {
  const realtime = begin(since)
  world.socket.onopen?.()
  await settled()
  world.socket.says(HEARTBEAT)
  return realtime
}

async function failSockets(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    world.socket.onclose?.({ code: 1006 })
    await world.pass(3_000)
  }
}

beforeEach(() => {
  world = new FakeWorld()
  heard = new Heard()
})

describe('a socket', () => {
  it('says who it is, then what it wants to hear since when', async () => {
    await goLive(41)
    expect(world.socket.sent).toEqual([
      { type: 'auth', token: 'token' },
      { type: 'subscribe', farm: 'f', since: 41 },
    ])
    expect(heard.links).toEqual(['live'])
  })

  it('hands on a numbered frame once, whatever is repeated', async () => {
    await goLive(41)
    for (const seq of [42, 42, 41, 43]) world.socket.says(numbered(seq))
    expect(heard.frames.map(({ seq }) => seq)).toEqual([42, 43])
    expect(heard.reloads).toBe(0)
  })

  it('asks for a reload where numbers are missing', async () => {
    await goLive(41)
    world.socket.says(numbered(44))
    expect(heard.reloads).toBe(1)
    expect(heard.frames).toHaveLength(1)
  })

  it('takes a reload from the server and goes on from what was then fetched', async () => {
    const realtime = await goLive(41)
    world.socket.says({ type: 'reload' })
    realtime.caughtUp(90)
    world.socket.says(numbered(90))
    world.socket.says(numbered(91))
    expect(heard.reloads).toBe(1)
    expect(heard.frames.map(({ seq }) => seq)).toEqual([91])
  })

  it('hands on the news of other houses that one house was fetched beyond', async () => {
    const realtime = await goLive(41)
    realtime.caughtUp(90)
    world.socket.says(numbered(42))
    expect(heard.frames.map(({ seq }) => seq)).toEqual([42])
  })

  it('tells the time of the server', async () => {
    await goLive()
    expect(heard.times).toContain(5)
  })

  it.each(['no json', '[]', '7', 'null', '{"no":"type"}'])('survives %s', async (text) => {
    await goLive()
    expect(() => world.socket.says(text)).not.toThrow()
    expect(heard.frames).toEqual([])
  })

  it('that is silent for nine seconds is dead, and a new one resumes', async () => {
    await goLive(41)
    world.socket.says(numbered(42))
    const silent = world.socket
    await world.pass(DEAD_AFTER_MS + 3_000)
    expect(silent.closed).toBe(true)
    world.socket.onopen?.()
    await settled()
    expect(world.socket.sent[1]).toMatchObject({ since: 42 })
  })

  it('that beats every three seconds lives on', async () => {
    await goLive()
    for (let beat = 0; beat < 10; beat += 1) {
      await world.pass(3_000)
      world.socket.says(HEARTBEAT)
    }
    expect(world.sockets).toHaveLength(1)
  })

  it('is opened again within three seconds', async () => {
    await goLive()
    world.socket.onclose?.({ code: 1006 })
    await world.pass(3_000)
    expect(world.sockets).toHaveLength(2)
  })

  it('whose token was refused comes back once with a fresh one, then gives up', async () => {
    await goLive()
    world.socket.onclose?.({ code: 4401 })
    await world.pass(3_000)
    world.socket.onopen?.()
    await settled()
    expect(world.tokens).toEqual([null, 'token'])
    world.socket.onclose?.({ code: 4401 })
    await world.pass(60_000)
    expect(heard.codes).toEqual([4401])
    expect(world.sockets).toHaveLength(2)
  })

  it('that was closed before its token came is tried again', async () => {
    await goLive()
    world.refresh = new Promise(() => undefined)
    world.socket.onclose?.({ code: 4401 })
    await world.pass(3_000)
    world.socket.onopen?.()
    await settled()
    world.socket.onclose?.({ code: 4401 })
    await world.pass(3_000)
    expect(heard.codes).toEqual([])
    expect(world.sockets).toHaveLength(3)
  })

  it('to a farm that is not ours any more is not opened again', async () => {
    await goLive()
    world.socket.onclose?.({ code: 4404 })
    await world.pass(60_000)
    expect(heard.codes).toEqual([4404])
    expect(world.sockets).toHaveLength(1)
  })
})

describe('polling', () => {
  it('begins after sockets failed again and again, and keeps the numbers', async () => {
    world.answer = { items: [numbered(42) as ServerFrame], next_since: 42, reload: false }
    begin(41)
    await failSockets(FAILURES_BEFORE_POLLING)
    await world.pass(POLL_EVERY_MS)
    expect(world.polls.slice(0, 2)).toEqual([41, 42])
    expect(heard.frames.map(({ seq }) => seq)).toEqual([42])
    expect(heard.links.at(-1)).toBe('polling')
  })

  it('says offline where polling fails too', async () => {
    begin()
    await failSockets(FAILURES_BEFORE_POLLING)
    expect(heard.links.at(-1)).toBe('offline')
  })

  it('that fails after the farm was left says nothing', async () => {
    world.answer = { items: [], next_since: 1, reload: false }
    const realtime = begin()
    await failSockets(FAILURES_BEFORE_POLLING)
    let fail: (reason: Error) => void = () => undefined
    world.changes = () => new Promise((_, reject) => (fail = reject))
    await world.pass(POLL_EVERY_MS)
    const told = heard.links.length
    realtime.stop()
    fail(new Error('offline'))
    await settled()
    expect(heard.links).toHaveLength(told)
  })

  it('ends when a socket holds', async () => {
    world.answer = { items: [], next_since: 1, reload: false }
    begin()
    await failSockets(FAILURES_BEFORE_POLLING)
    await world.pass(35_000)
    world.socket.onopen?.()
    await settled()
    world.socket.says(HEARTBEAT)
    const before = world.polls.length
    for (let beat = 0; beat < 5; beat += 1) {
      await world.pass(3_000)
      world.socket.says(HEARTBEAT)
    }
    expect(world.polls).toHaveLength(before)
    expect(heard.links.at(-1)).toBe('live')
  })
})

describe('the phone', () => {
  it('that lost its network is believed at once', async () => {
    const realtime = await goLive()
    realtime.lost()
    expect(heard.links.at(-1)).toBe('offline')
    expect(world.socket.closed).toBe(true)
  })

  it('that comes back is away until a socket holds', async () => {
    const realtime = await goLive()
    realtime.lost()
    realtime.wake()
    await failSockets(1)
    world.socket.onopen?.()
    await settled()
    world.socket.says(HEARTBEAT)
    expect(heard.links).toEqual(['live', 'offline', 'live'])
  })

  it('that is looked at again does not wait for the next try', async () => {
    const realtime = await goLive()
    await world.pass(DEAD_AFTER_MS / 2)
    realtime.wake()
    expect(world.sockets).toHaveLength(2)
  })

  it('that leaves the farm leaves nothing ticking', async () => {
    const realtime = await goLive()
    realtime.stop()
    expect(world.timers.size).toBe(0)
    expect(world.socket.closed).toBe(true)
  })
})
