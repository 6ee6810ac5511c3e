/** Every key that the screen may say; the Khmer words define them, the other languages follow. */

import type { entry } from './km/entry'
import type { farm } from './km/farm'

export type EntryWords = Readonly<Record<keyof typeof entry, string>>
export type FarmWords = Readonly<Record<keyof typeof farm, string>>
export type Catalogue = EntryWords & FarmWords
export type MessageKey = keyof Catalogue
