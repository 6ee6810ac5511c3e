/** Keeps one farm live: a WebSocket that notices its own death, and polling where sockets don't pass. */

import type { Changes, ControlFrame, ServerFrame } from './frame_types'

export type Link = 'connecting' | 'live' | 'polling' | 'offline'

/** The part of a WebSocket that is used, so that a test can hand in its own. */
export type Socket = Pick<WebSocket, 'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'>

export interface World {
  connect(): Socket
  /** Returns a token; `spent` is one that the server just refused. */
  token(spent: string | null): Promise<string>
  changes(farm: string, since: number): Promise<Changes>
  now_ms(): number
  random(): number
  setTimeout(work: () => void, after_ms: number): number
  clearTimeout(timer: number): void
}

export interface Listener {
  frame(frame: ServerFrame): void
  /** What is shown may have holes: fetch it anew. */
  reload(): void
  link(link: Link): void
  /** The server spoke; `t_ms` is its time, where it said so. */
  heard(t_ms: number | null): void
  /** The session is over (4401 to a fresh token too) or the farm is not ours any more (4404). */
  refused(code: number): void
}

/** The server beats every 3 s; three missed beats are a dead line. */
export const DEAD_AFTER_MS = 9_000
export const POLL_EVERY_MS = 3_000
/** After this many failed sockets in a row the changes are polled, until a socket holds again. */
export const FAILURES_BEFORE_POLLING = 3
const RECONNECT_MIN_MS = 300
const RECONNECT_MAX_MS = 3_000
const SOCKET_RETRY_WHILE_POLLING_MS = 30_000
const WATCH_EVERY_MS = 1_000
const MAX_FRAME_CHARS = 4 * 1024 * 1024

const UNAUTHENTICATED = 4401
const GONE = 4404

export class Realtime {
  private readonly world: World
  private readonly listener: Listener
  private readonly farm: string
  private since: number | null
  private socket: Socket | null = null
  private link: Link = 'connecting'
  private heard_ms = 0
  private failures = 0
  private subscribed = false
  private used: string | null = null
  private spent: string | null = null
  private stopped = false
  private reconnect: number | null = null
  private watch: number | null = null
  private poll: number | null = null

  constructor(given: { world: World; listener: Listener; farm: string; since: number | null }) {
    this.world = given.world
    this.listener = given.listener
    this.farm = given.farm
    this.since = given.since
  }

  start(): void {
    this.open()
    this.tick()
  }

  stop(): void {
    this.stopped = true
    for (const timer of [this.reconnect, this.watch, this.poll]) {
      if (timer !== null) this.world.clearTimeout(timer)
    }
    this.drop()
  }

  /** The phone says that it has a network again, or its owner looks at it again. */
  wake(): void {
    if (this.stopped) return
    if (this.socket !== null && this.world.now_ms() - this.heard_ms < DEAD_AFTER_MS / 3) return
    this.failures = 0
    this.drop()
    this.open()
  }

  /** The phone says that it has no network: don't wait nine seconds to believe it. */
  lost(): void {
    if (this.stopped) return
    this.drop()
    this.tell('offline')
    this.again()
  }

  private open(): void {
    if (this.stopped) return
    if (this.reconnect !== null) this.world.clearTimeout(this.reconnect)
    this.reconnect = null
    this.heard_ms = this.world.now_ms()
    this.subscribed = false
    this.used = null
    const socket = this.world.connect()
    this.socket = socket
    socket.onopen = () => void this.greet(socket)
    socket.onmessage = (event) => this.take(socket, event.data)
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  private async greet(socket: Socket): Promise<void> {
    let token: string
    try {
      token = await this.world.token(this.spent)
    } catch {
      socket.close()
      return
    }
    if (this.socket !== socket) return
    this.used = token
    socket.send(JSON.stringify({ type: 'auth', token }))
    const since = this.since === null ? {} : { since: this.since }
    socket.send(JSON.stringify({ type: 'subscribe', farm: this.farm, ...since }))
  }

  private take(socket: Socket, data: unknown): void {
    if (this.socket !== socket || typeof data !== 'string' || data.length > MAX_FRAME_CHARS) return
    const frame = parse(data)
    if (frame === null) return
    this.heard_ms = this.world.now_ms()
    if (frame.type === 'error') return
    if (!this.subscribed) {
      this.subscribed = true
      this.failures = 0
      this.spent = null
      this.stopPolling()
      this.tell('live')
    }
    this.listener.heard(frame.type === 'heartbeat' ? frame.t : null)
    if (frame.type === 'heartbeat') return
    if (frame.type === 'reload') this.holes()
    else this.pass(frame)
  }

  /** Hands on a frame once, in order; a jump in the numbers means that something was missed. */
  private pass(frame: ServerFrame): void {
    if (frame.seq !== undefined) {
      if (this.since !== null && frame.seq <= this.since) return
      const jumped = this.since !== null && frame.seq > this.since + 1
      this.since = frame.seq
      if (jumped) this.listener.reload()
    }
    this.listener.frame(frame)
  }

  private holes(): void {
    this.since = null
    this.listener.reload()
  }

  /** What was fetched of one house holds its news through `seq`: good to begin with, no more than that. */
  caughtUp(seq: number): void {
    this.since ??= seq
  }

  private closed(socket: Socket, code: number): void {
    if (this.socket !== socket) return
    this.socket = null
    this.subscribed = false
    if (code === GONE) {
      this.stop()
      this.listener.refused(code)
      return
    }
    // Where no token was sent, none was refused: the server tired of waiting for it.
    if (code === UNAUTHENTICATED && this.used !== null) {
      if (this.spent !== null && this.used !== this.spent) {
        this.stop()
        this.listener.refused(code)
        return
      }
      this.spent = this.used
    }
    this.failed()
  }

  private failed(): void {
    this.failures += 1
    if (this.link !== 'polling') {
      this.tell(this.failures > 1 || this.link === 'offline' ? 'offline' : 'connecting')
    }
    if (this.failures >= FAILURES_BEFORE_POLLING && this.poll === null) this.pollOnce()
    this.again()
  }

  private again(): void {
    if (this.stopped || this.reconnect !== null) return
    const most =
      this.link === 'polling'
        ? SOCKET_RETRY_WHILE_POLLING_MS
        : Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(this.failures, 4))
    const wait_ms = most / 2 + (most / 2) * this.world.random()
    this.reconnect = this.world.setTimeout(() => {
      this.reconnect = null
      this.open()
    }, wait_ms)
  }

  /** A phone that lost its network keeps the socket "open" for minutes: watch for silence. */
  private tick(): void {
    if (this.stopped) return
    this.watch = this.world.setTimeout(() => this.tick(), WATCH_EVERY_MS)
    if (this.socket !== null && this.world.now_ms() - this.heard_ms >= DEAD_AFTER_MS) {
      this.drop()
      this.failed()
    }
  }

  private pollOnce(): void {
    if (this.stopped) return
    this.poll = this.world.setTimeout(() => this.pollOnce(), POLL_EVERY_MS)
    const mine = this.poll
    this.world.changes(this.farm, this.since ?? 0).then(
      (changes) => {
        if (this.stopped || this.subscribed || this.poll === null) return
        this.tell('polling')
        this.listener.heard(null)
        if (changes.reload) this.listener.reload()
        else for (const frame of changes.items) this.pass(frame)
        if (changes.snapshot) {
          const t = this.world.now_ms()
          this.listener.frame({ type: 'snapshot', farm: this.farm, t, data: changes.snapshot })
        }
        this.since = changes.next_since
      },
      () => {
        if (!this.stopped && this.poll === mine && !this.subscribed) this.tell('offline')
      },
    )
  }

  private stopPolling(): void {
    if (this.poll !== null) this.world.clearTimeout(this.poll)
    this.poll = null
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    this.subscribed = false
    if (socket === null) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  private tell(link: Link): void {
    if (link === this.link) return
    this.link = link
    this.listener.link(link)
  }
}

function parse(text: string): ServerFrame | ControlFrame | null {
  try {
    const frame: unknown = JSON.parse(text)
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame | ControlFrame)
      : null
  } catch {
    return null
  }
}
