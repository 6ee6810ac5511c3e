/** Every key that the screen may say; the Khmer words define them, the other languages follow. */

import type { alarm } from './km/alarm'
import type { autopilot } from './km/autopilot'
import type { channels } from './km/channels'
import type { entry } from './km/entry'
import type { farm } from './km/farm'
import type { manage } from './km/manage'
import type { plan } from './km/plan'
import type { twin } from './km/twin'

export type EntryWords = Readonly<Record<keyof typeof entry, string>>
export type FarmWords = Readonly<Record<keyof typeof farm, string>>
export type ManageWords = Readonly<Record<keyof typeof manage, string>>
export type PlanWords = Readonly<Record<keyof typeof plan, string>>
export type AlarmWords = Readonly<Record<keyof typeof alarm, string>>
export type ChannelWords = Readonly<Record<keyof typeof channels, string>>
export type AutopilotWords = Readonly<Record<keyof typeof autopilot, string>>
export type TwinWords = Readonly<Record<keyof typeof twin, string>>
/** What is fetched when it is first needed. */
export type LaterWords = FarmWords &
  ManageWords &
  PlanWords &
  AlarmWords &
  ChannelWords &
  AutopilotWords &
  TwinWords
export type Catalogue = EntryWords & LaterWords
export type MessageKey = keyof Catalogue
