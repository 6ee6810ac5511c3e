/** Brings what a farm shows up to date with what the live line says. */

import type { Ref } from 'vue'

import {
  byUrgency,
  takeAlert,
  takeCardReadings,
  takeCommand,
  takeDevice,
  takeReadings,
  takeSnapshot,
  worst,
} from './live'
import type { Execution } from './plan_types'
import type {
  FarmChange,
  NewDetection,
  NoPhotograph,
  ReadingTuple,
  ServerFrame,
} from './frame_types'
import type { Alert, Command, HouseCard, HouseState } from './types'

export interface Shown<T> {
  value: T
  /** When the server said so; server time. */
  at_ms: number
  /** From the phone's own memory: not heard from the server since the page was opened. */
  cached: boolean
}

/** What is held of a farm, and who is told of what is not held here. */
interface Held {
  houses: Ref<Shown<HouseCard[]> | null>
  states: Record<string, Shown<HouseState>>
  alerts: Ref<Shown<Alert[]> | null>
  now(): number
  /** A frame speaks of something that the state of a house does not list. */
  unknown(house_id: string): void
  command(command: Command): void
  run(execution: Execution): void
  detection(detection: NewDetection): void
  not_taken(no: NoPhotograph): void
  /** People were told something. */
  told(users: readonly string[]): void
  changed(what: FarmChange['what']): void
}

/** So many changes are remembered for what is being fetched: a stop moves every device of a farm. */
const MAX_CHANGES = 512

export class Frames {
  private readonly held: Held
  private changes: (() => void)[] = []
  private counted = 0

  constructor(held: Held) {
    this.held = held
  }

  clear(): void {
    this.changes = []
  }

  readonly take = (frame: ServerFrame): void => {
    switch (frame.type) {
      case 'snapshot':
        for (const [house_id, snapshot] of Object.entries(frame.data.houses)) {
          this.card(house_id, snapshot.readings)
          // It says nothing of when the hub was heard: that of a silent one is as it last stood.
          this.into(house_id, (state) => takeSnapshot(state, snapshot, this.held.now()))
        }
        break
      case 'readings': {
        const { house_id, values } = frame.data
        this.card(house_id, values)
        this.into(house_id, (state) => takeReadings(state, values, this.held.now()))
        break
      }
      case 'device.state':
        this.change(() =>
          this.into(
            frame.data.house_id,
            (state) => takeDevice(state, frame.data, this.held.now()),
            frame.seq,
          ),
        )
        break
      case 'command.status':
        this.change(() => this.order(frame.data, frame.seq))
        this.held.command(frame.data)
        break
      case 'alert.changed':
        this.alert(frame.data)
        break
      case 'schedule.executed':
        this.held.run(frame.data)
        break
      case 'detection.new':
      case 'detection.changed':
        this.held.detection(frame.data)
        break
      case 'photograph.failed':
        this.held.not_taken(frame.data)
        break
      case 'message.new':
        this.held.told([...frame.data.users, ...frame.data.quietly])
        break
      case 'farm.changed':
        this.held.changed(frame.data.what)
    }
  }

  alert(alert: Alert): void {
    this.change(() => this.put(alert))
  }

  /** Returns how far the news has come: what is asked for now may come behind what changes meanwhile. */
  mark(): number {
    return this.counted
  }

  /** Puts the changes since a mark over what was fetched; what it lacks would never be told again. */
  again(mark: number): void {
    const news = Math.min(this.counted - mark, this.changes.length)
    for (const put of this.changes.slice(this.changes.length - news)) put()
  }

  /** Takes a change in, and remembers it for what is being fetched. */
  private change(put: () => void): void {
    this.counted += 1
    this.changes.push(put)
    if (this.changes.length > MAX_CHANGES) this.changes.shift()
    put()
  }

  private put(alert: Alert): void {
    const { alerts, states, houses } = this.held
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

  private order(command: Command, seq?: number): void {
    for (const { value } of Object.values(this.held.states)) {
      if (seq === undefined || seq > value.seq) takeCommand(value.actuators, command)
    }
  }

  /** Changes a house's state, unless what was fetched already holds this frame. */
  private into(house_id: string, take: (state: HouseState) => boolean, seq?: number): void {
    const state = this.held.states[house_id]?.value
    if (state === undefined || (seq !== undefined && seq <= state.seq)) return
    if (!take(state)) this.held.unknown(house_id)
  }

  private card(house_id: string, tuples: readonly ReadingTuple[]): void {
    const card = this.held.houses.value?.value.find((house) => house.id === house_id)
    if (card !== undefined) takeCardReadings(card, tuples)
  }
}
