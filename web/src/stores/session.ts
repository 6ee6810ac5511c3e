/** Who is logged in on this phone. */

import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowRef } from 'vue'

import { Api, type TokenBox } from '@/lib/api'
import { Cache } from '@/lib/cache'
import { now } from '@/lib/clock'
import { HUB_ID, PASS_IN_LINK } from '@/lib/hub'
import { keptLanguage, setLanguage } from '@/lib/i18n'
import { allOf } from '@/lib/pages'
import { asProblem, type Problem } from '@/lib/problems'
import { ownChannel, unsubscribe } from '@/lib/push'
import type { FarmBrief, Language, SignedIn, Tokens, User } from '@/lib/types'

const KEPT = 'tokkatot.session'
const LAST_FARM = 'tokkatot.farm'
const LAST_USER = 'tokkatot.user'
/** What a person chose before they came in; it is dearer to them than what the account says. */
const PICKED = 'tokkatot.picked'
const LEAVE_MS = 3_000
/** Where the passes for the farm's hubs are kept. */
export const PASSES = 'tokkatot.passes'

interface Kept extends Tokens {
  user: User
  farms: FarmBrief[]
}

function shelf(): Storage | null {
  try {
    return localStorage
  } catch {
    return null
  }
}

export const useSession = defineStore('session', () => {
  const storage = shelf()
  let memory: Kept | null = null

  function load(): Kept | null {
    try {
      const text = storage?.getItem(KEPT) ?? null
      return text === null ? memory : (JSON.parse(text) as Kept)
    } catch {
      return memory
    }
  }

  function keep(kept: Kept | null): void {
    memory = kept
    if (kept === null) storage?.removeItem(KEPT)
    else put(KEPT, JSON.stringify(kept))
  }

  function put(name: string, value: string): void {
    try {
      storage?.setItem(name, value)
    } catch {
      // Without room for it the session lasts as long as the page.
    }
  }

  const kept = load()
  const user = ref<User | null>(kept?.user ?? null)
  const farms = ref<FarmBrief[]>(kept?.farms ?? [])
  const last_farm = ref<string | null>(storage?.getItem(LAST_FARM) ?? null)
  /** The session was ended from outside: the log-in page says so and leads back. */
  const ended = ref(false)
  /** A link brought a pass that the hub does not take. */
  const pass_refused = ref(false)
  /** Why the pass in the link could not be handed over: it may be good, and is tried again. */
  const pass_problem = shallowRef<Problem | null>(null)
  /** Alerts came to this phone by the login before, and come no longer. */
  const untold = ref(false)
  const signed_in = computed(() => user.value !== null)
  const cache = markRaw(new Cache({ shelf: storage, now }))

  const tokens: TokenBox = {
    read: load,
    write(fresh) {
      const held = load()
      if (held !== null) keep({ ...held, ...fresh })
    },
    ended() {
      // Who logged out here knows that, whatever was still under way.
      if (user.value !== null) ended.value = true
      forget()
    },
  }
  const api = markRaw(new Api({ tokens }))

  function forget(): void {
    keep(null)
    user.value = null
    farms.value = []
  }

  async function begin(answer: SignedIn): Promise<void> {
    // What another person saw on this phone is none of this one's business.
    if (answer.user.id !== storage?.getItem(LAST_USER)) cache.clear()
    put(LAST_USER, answer.user.id)
    keep(answer)
    user.value = answer.user
    farms.value = answer.farms
    ended.value = false
    void ownChannel().then(
      (channel) => (untold.value = channel !== null),
      () => undefined,
    )
    const language = (storage?.getItem(PICKED) as Language | null) ?? answer.user.language
    storage?.removeItem(PICKED)
    await setLanguage(language)
    if (language !== answer.user.language) await speak(language).catch(() => undefined)
  }

  async function login(given: { login: string; password: string }): Promise<void> {
    const body = { ...given, device_name: deviceName() }
    await begin(await api.json<SignedIn>('auth/login', { method: 'POST', body, open: true }))
  }

  async function signup(body: Record<string, string>): Promise<void> {
    await begin(await api.json<SignedIn>('auth/signup', { method: 'POST', body, open: true }))
  }

  /** Comes in at a hub, by the pass or the PIN. */
  async function enterHub(body: { token: string } | { pin: string }): Promise<void> {
    const answer = await api.json<SignedIn>('auth/hub-pass', { method: 'POST', body, open: true })
    // Who has the PIN has no name, and so no language of their own.
    if ('pin' in body) answer.user.language = keptLanguage()
    await begin(answer)
  }

  /** Comes in by the pass of the link that opened this page, if it brought one; returns whether it did. */
  async function takePass(): Promise<boolean> {
    if (PASS_IN_LINK === null) return false
    try {
      await enterHub({ token: PASS_IN_LINK })
      pass_problem.value = null
      return true
    } catch (thrown) {
      const problem = asProblem(thrown)
      // A hub that is busy, or was not reached, has said nothing of the pass nor of who is in.
      pass_refused.value = problem.status === 401 || problem.status === 403
      pass_problem.value = pass_refused.value ? null : problem
      if (pass_refused.value) forget()
      return false
    }
  }

  async function logout(): Promise<void> {
    // The phone forgets at once, whether the server hears of it or not.
    await Promise.all([
      api.json('auth/logout', { method: 'POST', timeout_ms: LEAVE_MS }).catch(() => undefined),
      endPush(),
    ])
    forget()
    forgetPasses()
    cache.clear()
    storage?.removeItem(LAST_FARM)
    last_farm.value = null
  }

  /** Looks whether the farms or the person changed since the log-in. */
  async function refresh(): Promise<void> {
    const [me, list] = await Promise.all([
      api.json<User>('users/me'),
      allOf<FarmBrief>(api, 'farms'),
    ])
    remember(me, list)
  }

  function remember(me: User, list: FarmBrief[] = farms.value): void {
    user.value = me
    farms.value = list
    const held = load()
    if (held !== null) keep({ ...held, user: me, farms: list })
  }

  async function update(changes: Partial<User>): Promise<void> {
    remember(await api.json<User>('users/me', { method: 'PATCH', body: changes }))
  }

  async function speak(language: Language): Promise<void> {
    if (!signed_in.value) put(PICKED, language)
    await setLanguage(language)
    // A hub keeps nobody's language: the phone does.
    if (signed_in.value && HUB_ID === null) await update({ language })
  }

  function visit(farm_id: string): void {
    last_farm.value = farm_id
    put(LAST_FARM, farm_id)
  }

  return {
    user,
    farms,
    last_farm,
    ended,
    untold,
    signed_in,
    api,
    cache,
    login,
    signup,
    pass_refused,
    pass_problem,
    enterHub,
    takePass,
    logout,
    refresh,
    update,
    speak,
    visit,
  }
})

/** Another person may log in on this phone next. */
function forgetPasses(): void {
  try {
    localStorage.removeItem(PASSES)
  } catch {
    // There was nothing to keep them in.
  }
}

/** The alerts of who leaves are nobody's on this phone; its browser may not answer. */
async function endPush(): Promise<void> {
  const tired = new Promise((done) => setTimeout(done, LEAVE_MS))
  await Promise.race([unsubscribe().catch(() => undefined), tired])
}

/** Returns what the list of sessions calls this phone. */
function deviceName(): string {
  const agent = navigator.userAgent
  const android = /Android[^;]*; ([^;)]+)/.exec(agent)?.[1]
  const system = /(iPhone|iPad|Windows|Macintosh|CrOS|Linux)/.exec(agent)?.[1]
  return (android ?? system ?? 'Browser').replace(/ Build\/.*/, '').slice(0, 60)
}
