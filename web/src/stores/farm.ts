/** One farm, live: its houses, their states and alerts, and how fresh all that is. */

import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'

import { heard, now } from '@/lib/clock'
import type { NewDetection, NoPhotograph } from '@/lib/frame_types'
import { Frames, type Shown } from '@/lib/frames'
import { HUB_ID } from '@/lib/hub'
import { byUrgency, isOpen, isUnseen, rests } from '@/lib/live'
import { useNow } from '@/lib/now'
import { asProblem, type Problem } from '@/lib/problems'
import { allOf } from '@/lib/pages'
import type { Execution } from '@/lib/plan_types'
import { Realtime, type Link } from '@/lib/realtime'
import { Turns } from '@/lib/turns'
import type { Alert, Farm, HouseCard, HouseState } from '@/lib/types'
import { worldOf } from '@/lib/world'
import { useControls } from './controls'
import { usePasses } from './passes'
import { useSession } from './session'

/** With nothing heard for longer, what is shown is the past: three missed heartbeats. */
export const FRESH_MS = 10_000
/** Ages, stale marks and counts that no frame carries are fetched this often while somebody looks. */
const REVIEW_EVERY_MS = 30_000
const DEFAULT_ZONE = 'Asia/Phnom_Penh'

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
  /** Rises when the person may have been told something. */
  const told = ref(0)
  /** Rises when schedules, rules or alarms were changed, on whichever phone. */
  const plans = ref(0)
  /** The newest word of a hub on a run of a schedule. */
  const last_run = shallowRef<Execution | null>(null)
  /** The newest photograph that was judged, in whichever house. */
  const last_seen = shallowRef<NewDetection | null>(null)
  /** The newest photograph that was asked for in vain, in whichever house. */
  const not_taken = shallowRef<NoPhotograph | null>(null)
  const turns = new Turns()
  let realtime: Realtime | null = null
  let review: ReturnType<typeof setInterval> | null = null

  const zone = computed(() => farm.value?.time_zone ?? DEFAULT_ZONE)
  const role = computed(
    () => farm.value?.role ?? session.farms.find((brief) => brief.id === id.value)?.role ?? null,
  )
  const may_operate = computed(() => role.value !== null && role.value !== 'viewer')
  /** A hub runs what was planned in the cloud, and changes none of it. */
  const may_plan = computed(() => HUB_ID === null && may_operate.value)
  const may_own = computed(
    () => HUB_ID === null && (role.value === 'owner' || role.value === 'staff'),
  )
  const fresh = computed(
    () =>
      heard_ms.value > 0 && ticking.value - heard_ms.value < FRESH_MS && link.value !== 'offline',
  )
  const unseen = computed(
    () =>
      alerts.value?.value.filter((alert) => isUnseen(alert) && !rests(alert, ticking.value)) ?? [],
  )

  const frames = new Frames({
    houses,
    states,
    alerts,
    now,
    unknown: (house_id) => void loadState(house_id),
    command: (command) => controls.status(command),
    run(execution) {
      last_run.value = execution
    },
    detection(detection) {
      last_seen.value = detection
    },
    not_taken(no) {
      not_taken.value = no
    },
    told(users) {
      if (users.includes(session.user?.id ?? '')) told.value += 1
    },
    changed(what) {
      if (what === 'schedule' || what === 'rules' || what === 'alarms') plans.value += 1
      else void reload()
    },
  })

  watch(
    () => controls.unanswered,
    () => void (looking_at.value !== null && loadState(looking_at.value)),
  )

  function open(farm_id: string): void {
    if (id.value === farm_id) return
    close()
    id.value = farm_id
    farm.value = session.cache.read<Farm>(`${farm_id}.farm`)?.value ?? null
    houses.value = remembered<HouseCard[]>('houses')
    alerts.value = remembered<Alert[]>('alerts')
    link.value = 'connecting'
    realtime = new Realtime({
      world: worldOf(session.api),
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
    frames.clear()
    id.value = farm.value = houses.value = alerts.value = problem.value = null
    last_run.value = last_seen.value = not_taken.value = null
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

  /** Runs a fetch for the farm that is open now; what is for one that was left, or too late, is dropped. */
  async function fetched<T>(
    name: string,
    fetch: (farm_path: string) => Promise<T>,
  ): Promise<T | null> {
    const asked = id.value
    if (asked === null) return null
    const turn = turns.next()
    try {
      const answer = await fetch(`farms/${asked}`)
      if (asked !== id.value) return null
      problem.value = null
      heard_ms.value = now()
      return turns.takes(name, turn) ? answer : null
    } catch (thrown) {
      if (asked === id.value) problem.value = asProblem(thrown)
      return null
    }
  }

  async function reload(): Promise<void> {
    const house_id = looking_at.value
    // Of what was told on another farm no frame comes here.
    told.value += 1
    await Promise.all([
      loadFarm(),
      loadHouses(),
      loadAlerts(),
      house_id === null ? null : loadState(house_id),
    ])
  }

  async function loadFarm(): Promise<void> {
    const answer = await fetched('farm', (path) => session.api.json<Farm>(path))
    if (answer === null) return
    farm.value = shown('farm', answer).value
    // Only what is there is gone back to.
    session.visit(answer.id)
    if (HUB_ID === null) passes.renew(answer.id).catch(() => undefined)
  }

  async function loadHouses(): Promise<void> {
    const mark = frames.mark()
    const answer = await fetched('houses', (path) =>
      allOf<HouseCard>(session.api, `${path}/houses`),
    )
    if (answer === null) return
    houses.value = shown('houses', answer)
    frames.again(mark)
  }

  async function loadAlerts(): Promise<void> {
    const mark = frames.mark()
    const answer = await fetched('alerts', (path) => allOf<Alert>(session.api, `${path}/alerts`))
    if (answer === null) return
    alerts.value = shown('alerts', answer.filter(isOpen).sort(byUrgency))
    frames.again(mark)
  }

  async function loadState(house_id: string): Promise<void> {
    const name = `state-${house_id}`
    if (states[house_id] === undefined) {
      const seen = remembered<HouseState>(name)
      if (seen !== null) states[house_id] = seen
    }
    const mark = frames.mark()
    const answer = await fetched(name, (path) =>
      session.api.json<HouseState>(`${path}/houses/${house_id}/state`),
    )
    if (answer === null) return
    states[house_id] = shown(name, answer)
    frames.again(mark)
    heard(Date.parse(answer.t))
    realtime?.caughtUp(answer.seq)
    for (const { command } of answer.actuators) if (command !== null) controls.status(command)
  }

  async function acknowledge(alert: Alert): Promise<void> {
    await settle(alert, 'acknowledge', {})
  }

  /** Lets an alert rest for a while; no time at all ends its rest. */
  async function shelve(alert: Alert, for_s: number): Promise<void> {
    await settle(alert, 'shelve', { body: { for_s } })
  }

  async function settle(alert: Alert, what: string, given: { body?: unknown }): Promise<void> {
    const asked = id.value
    const path = `farms/${asked ?? ''}/alerts/${alert.id}/${what}`
    const answer = await session.api.json<Alert>(path, { method: 'PUT', ...given })
    // Another farm may be open by now, which has no such alert.
    if (asked === id.value) frames.alert(answer)
  }

  function listener(farm_id: string) {
    /** What is shown is from before the link was lost. */
    let away = false
    return {
      frame: frames.take,
      reload: () => void reload(),
      link(next: Link) {
        link.value = next
        if (next === 'offline') away = true
        if (!away || (next !== 'live' && next !== 'polling')) return
        away = false
        void reload()
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
    plans,
    told,
    last_run,
    last_seen,
    not_taken,
    zone,
    role,
    may_operate,
    may_own,
    may_plan,
    fresh,
    unseen,
    open,
    close,
    reload,
    loadAlerts,
    loadState,
    acknowledge,
    shelve,
    wake,
    lost,
  }
})
