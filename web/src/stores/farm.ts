/** One farm, live: its houses, their states and alerts, and how fresh all that is. */

import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'

import { elapsed, heard, now } from '@/lib/clock'
import { HUB_ID } from '@/lib/hub'
import {
  byUrgency,
  isOpen,
  isUnseen,
  takeAlert,
  takeCardReadings,
  takeCommand,
  takeDevice,
  takeReadings,
  takeSnapshot,
  worst,
  type SensorsOf,
} from '@/lib/live'
import { useNow } from '@/lib/now'
import { asProblem, type Problem } from '@/lib/problems'
import { Realtime, type Link } from '@/lib/realtime'
import type {
  Alert,
  Changes,
  Command,
  Farm,
  HouseCard,
  HouseState,
  Page,
  ServerFrame,
} from '@/lib/types'
import { useControls } from './controls'
import { usePasses } from './passes'
import { useSession } from './session'

/** With nothing heard for longer, what is shown is the past: three missed heartbeats. */
export const FRESH_MS = 10_000
/** Ages, stale marks and counts that no frame carries are fetched this often while somebody looks. */
const REVIEW_EVERY_MS = 30_000
const DEFAULT_ZONE = 'Asia/Phnom_Penh'

interface Shown<T> {
  value: T
  /** When the server said so; server time. */
  at_ms: number
  /** From the phone's own memory: not heard from the server since the page was opened. */
  cached: boolean
}

export const useFarm = defineStore('farm', () => {
  const session = useSession()
  const controls = useControls()
  const passes = usePasses()
  const ticking = useNow()
  const id = ref<string | null>(null)
  const farm = ref<Farm | null>(null)
  const houses = ref<Shown<HouseCard[]> | null>(null)
  const states = reactive<Record<string, Shown<HouseState>>>({})
  const alerts = ref<Shown<Alert[]> | null>(null)
  const link = ref<Link>('connecting')
  const heard_ms = ref(0)
  const problem = shallowRef<Problem | null>(null)
  /** The house on the screen, which is fetched again when there may be holes. */
  const looking_at = ref<string | null>(null)
  const sensors = new Map<string, SensorsOf>()
  let realtime: Realtime | null = null
  let review: ReturnType<typeof setInterval> | null = null

  const zone = computed(() => farm.value?.time_zone ?? DEFAULT_ZONE)
  const role = computed(
    () => farm.value?.role ?? session.farms.find((brief) => brief.id === id.value)?.role ?? null,
  )
  const may_operate = computed(() => role.value !== null && role.value !== 'viewer')
  const may_own = computed(
    () => HUB_ID === null && (role.value === 'owner' || role.value === 'staff'),
  )
  const fresh = computed(
    () =>
      heard_ms.value > 0 && ticking.value - heard_ms.value < FRESH_MS && link.value !== 'offline',
  )
  const unseen = computed(() => alerts.value?.value.filter(isUnseen) ?? [])

  watch(
    () => controls.unanswered,
    () => void (looking_at.value !== null && loadState(looking_at.value)),
  )

  function open(farm_id: string): void {
    if (id.value === farm_id) return
    close()
    id.value = farm_id
    session.visit(farm_id)
    farm.value = session.cache.read<Farm>(`${farm_id}.farm`)?.value ?? null
    houses.value = remembered<HouseCard[]>('houses')
    alerts.value = remembered<Alert[]>('alerts')
    link.value = 'connecting'
    realtime = new Realtime({
      world: world(),
      listener: listener(farm_id),
      farm: farm_id,
      since: null,
    })
    realtime.start()
    review = setInterval(() => {
      if (document.visibilityState === 'visible' && link.value !== 'offline') void reload()
    }, REVIEW_EVERY_MS)
    void reload()
  }

  function close(): void {
    realtime?.stop()
    realtime = null
    if (review !== null) clearInterval(review)
    for (const house_id of Object.keys(states)) Reflect.deleteProperty(states, house_id)
    sensors.clear()
    id.value = farm.value = houses.value = alerts.value = problem.value = null
    heard_ms.value = 0
  }

  function remembered<T>(name: string): Shown<T> | null {
    const seen = session.cache.read<T>(`${id.value ?? ''}.${name}`)
    return seen === null ? null : { ...seen, cached: true }
  }

  function shown<T>(name: string, value: T): Shown<T> {
    session.cache.write(`${id.value ?? ''}.${name}`, value)
    return { value, at_ms: now(), cached: false }
  }

  /** Runs a fetch for the farm that is open now; an answer for one that was left is dropped. */
  async function fetched<T>(path: string, query = {}): Promise<T | null> {
    const asked = id.value
    if (asked === null) return null
    try {
      const answer = await session.api.json<T>(`farms/${asked}${path}`, { query })
      if (asked !== id.value) return null
      problem.value = null
      heard_ms.value = now()
      return answer
    } catch (thrown) {
      if (asked === id.value) problem.value = asProblem(thrown)
      return null
    }
  }

  async function reload(): Promise<void> {
    const house_id = looking_at.value
    await Promise.all([
      loadFarm(),
      loadHouses(),
      loadAlerts(),
      house_id === null ? null : loadState(house_id),
    ])
  }

  async function loadFarm(): Promise<void> {
    const answer = await fetched<Farm>('')
    if (answer === null) return
    farm.value = shown('farm', answer).value
    if (HUB_ID === null) passes.renew(answer.id).catch(() => undefined)
  }

  async function loadHouses(): Promise<void> {
    const answer = await fetched<Page<HouseCard>>('/houses', { limit: 100 })
    if (answer !== null) houses.value = shown('houses', answer.items)
  }

  async function loadAlerts(): Promise<void> {
    const answer = await fetched<Page<Alert>>('/alerts', { limit: 100 })
    if (answer !== null) alerts.value = shown('alerts', answer.items.filter(isOpen).sort(byUrgency))
  }

  async function loadState(house_id: string): Promise<void> {
    const name = `state-${house_id}`
    if (states[house_id] === undefined) {
      const seen = remembered<HouseState>(name)
      if (seen !== null) states[house_id] = seen
    }
    const answer = await fetched<HouseState>(`/houses/${house_id}/state`)
    if (answer === null) return
    states[house_id] = shown(name, answer)
    heard(Date.parse(answer.t))
    realtime?.caughtUp(answer.seq)
    for (const { command } of answer.actuators) if (command !== null) controls.status(command)
  }

  function take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'snapshot':
        for (const [house_id, snapshot] of Object.entries(frame.data.houses)) {
          takeCard(house_id, snapshot.readings)
          const state = states[house_id]?.value
          if (state !== undefined && !takeSnapshot(state, snapshot, now())) void loadState(house_id)
          if (state !== undefined) state.live_t = new Date(frame.t).toISOString()
        }
        break
      case 'readings': {
        takeCard(frame.data.house_id, frame.data.values)
        const state = states[frame.data.house_id]?.value
        if (state !== undefined && !takeReadings(state, frame.data.values, now())) {
          void loadState(frame.data.house_id)
        }
        break
      }
      case 'device.state': {
        const state = newerThan(frame, frame.data.house_id)
        if (state !== null && !takeDevice(state, frame.data, now())) {
          void loadState(frame.data.house_id)
        }
        break
      }
      case 'command.status':
        takeStatus(frame.data)
        break
      case 'alert.changed':
        takeAlertFrame(frame.data)
        break
      case 'farm.changed':
        void reload()
    }
  }

  /** Returns a house's state, unless what was fetched already holds this frame. */
  function newerThan(frame: ServerFrame, house_id: string): HouseState | null {
    const state = states[house_id]?.value ?? null
    return state !== null && frame.seq !== undefined && frame.seq <= state.seq ? null : state
  }

  function takeCard(house_id: string, tuples: Parameters<typeof takeCardReadings>[1]): void {
    const card = houses.value?.value.find((house) => house.id === house_id)
    if (card === undefined) return
    const known = sensors.get(house_id) ?? (new Map() as SensorsOf)
    sensors.set(house_id, known)
    takeCardReadings(card, tuples, known)
  }

  function takeStatus(command: Command): void {
    for (const { value } of Object.values(states)) takeCommand(value.actuators, command)
    controls.status(command)
  }

  function takeAlertFrame(alert: Alert): void {
    if (alerts.value !== null) {
      takeAlert(alerts.value.value, alert)
      alerts.value.value.sort(byUrgency)
    }
    if (alert.house_id === null) return
    const state = states[alert.house_id]?.value
    if (state !== undefined) takeAlert(state.alerts, alert)
    const card = houses.value?.value.find((house) => house.id === alert.house_id)
    const theirs = alerts.value?.value.filter((held) => held.house_id === alert.house_id)
    if (card !== undefined && theirs !== undefined) card.worst_alert = worst(theirs)
  }

  async function acknowledge(alert: Alert): Promise<void> {
    const path = `farms/${id.value ?? ''}/alerts/${alert.id}/acknowledge`
    takeAlertFrame(await session.api.json<Alert>(path, { method: 'PUT' }))
  }

  function world() {
    return {
      connect: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/v1/ws`),
      token: (spent: string | null) => session.api.accessToken(spent),
      changes: (farm_id: string, since: number) =>
        session.api.json<Changes>(`farms/${farm_id}/changes`, {
          query: { since },
          timeout_ms: 6_000,
        }),
      now_ms: elapsed,
      random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
      setTimeout: (work: () => void, after_ms: number) => window.setTimeout(work, after_ms),
      clearTimeout: (timer: number) => window.clearTimeout(timer),
    }
  }

  function listener(farm_id: string) {
    return {
      frame: take,
      reload: () => void reload(),
      link(next: Link) {
        const away = link.value === 'offline'
        link.value = next
        if (away && (next === 'live' || next === 'polling')) void reload()
      },
      heard(t_ms: number | null) {
        if (t_ms !== null) heard(t_ms)
        heard_ms.value = now()
      },
      refused() {
        // The HTTP answer says in words what happened: not ours any more, or the session is over.
        if (id.value === farm_id) void reload()
      },
    }
  }

  function wake(): void {
    realtime?.wake()
  }

  function lost(): void {
    realtime?.lost()
  }

  return {
    id,
    farm,
    houses,
    states,
    alerts,
    link,
    heard_ms,
    problem,
    looking_at,
    zone,
    role,
    may_operate,
    may_own,
    fresh,
    unseen,
    open,
    close,
    reload,
    loadAlerts,
    loadState,
    acknowledge,
    wake,
    lost,
  }
})
