/** Every key that the screen may say; the Khmer words define them, the other languages follow. */

import type { entry } from './km/entry'
import type { farm } from './km/farm'
import type { manage } from './km/manage'

export type EntryWords = Readonly<Record<keyof typeof entry, string>>
export type FarmWords = Readonly<Record<keyof typeof farm, string>>
export type ManageWords = Readonly<Record<keyof typeof manage, string>>
export type Catalogue = EntryWords & FarmWords & ManageWords
export type MessageKey = keyof Catalogue
