/** Draws src/assets/icons.svg: Lucide's shapes (ISC licence), and a hen, a belt and a vent of our own. */

import { writeFileSync } from 'node:fs'

import {
  Activity,
  ArrowLeftRight,
  ArrowLeft,
  Bell,
  Blinds,
  Camera,
  ChartLine,
  Check,
  ChevronDown,
  ChevronRight,
  CircleAlert,
  CircleCheck,
  Clock,
  CloudFog,
  Cog,
  Droplet,
  Droplets,
  Eye,
  EyeOff,
  Fan,
  Flame,
  Gauge,
  House,
  Info,
  KeyRound,
  History,
  Languages,
  Leaf,
  Lightbulb,
  ListOrdered,
  LogOut,
  MapPin,
  MessageSquareText,
  Minus,
  Moon,
  OctagonAlert,
  OctagonX,
  Pencil,
  Play,
  Plus,
  RefreshCw,
  Scale,
  Search,
  Settings,
  ShowerHead,
  Siren,
  SlidersHorizontal,
  Smartphone,
  Snowflake,
  Sprout,
  Sun,
  Thermometer,
  Trash2,
  TriangleAlert,
  UserRound,
  UsersRound,
  WavesHorizontal,
  WifiOff,
  Wind,
  X,
  Zap,
} from 'lucide'

const Hen = [
  [
    'path',
    {
      d: 'M4 9c0 7 3 10.5 8.5 10.5 4.5 0 6.8-3 6.8-7V7.5a2.75 2.75 0 0 0-5.5 0c0 2.4-1.6 3.8-4 3.8C7 11.3 5.3 10.5 4 9Z',
    },
  ],
  ['path', { d: 'M15 4.9c-.3-1.5.3-2.4 1.4-2.9.2.7.7 1 1.3 1 .6 0 1 .3 1.1 1' }],
  ['path', { d: 'm19.3 7.6 2.2.9-2.2 1' }],
  ['path', { d: 'M16.6 7.7h.01' }],
  ['path', { d: 'M8.5 13.5c.8 1.6 2.4 2.3 4.6 2' }],
  ['path', { d: 'M10.5 19.3V22' }],
  ['path', { d: 'M14.5 19.2V22' }],
]

const Belt = [
  ['rect', { x: 2, y: 12, width: 20, height: 8, rx: 4 }],
  ['path', { d: 'M6 16h.01' }],
  ['path', { d: 'M12 16h.01' }],
  ['path', { d: 'M18 16h.01' }],
  ['path', { d: 'M7 8h9' }],
  ['path', { d: 'm13 5 3 3-3 3' }],
]

const Vent = [
  ['path', { d: 'M3 21V10l9-6 9 6v11' }],
  ['path', { d: 'm12 4 7-1.5' }],
  ['path', { d: 'M8 13c1.3-1 2.7-1 4 0s2.7 1 4 0' }],
  ['path', { d: 'M8 17c1.3-1 2.7-1 4 0s2.7 1 4 0' }],
]

export const ICONS = {
  activity: Activity,
  back: ArrowLeft,
  bell: Bell,
  belt: Belt,
  camera: Camera,
  chart: ChartLine,
  check: Check,
  clock: Clock,
  cog: Cog,
  cold: Snowflake,
  critical: OctagonAlert,
  done: CircleCheck,
  down: ChevronDown,
  drop: Droplet,
  drops: Droplets,
  edit: Pencil,
  eye: Eye,
  eye_off: EyeOff,
  fail: CircleAlert,
  fan: Fan,
  flame: Flame,
  fog: CloudFog,
  gauge: Gauge,
  hen: Hen,
  home: House,
  info: Info,
  key: KeyRound,
  language: Languages,
  leaf: Leaf,
  less: Minus,
  light: Lightbulb,
  limits: SlidersHorizontal,
  list: ListOrdered,
  logout: LogOut,
  message: MessageSquareText,
  moon: Moon,
  more: Plus,
  next: ChevronRight,
  offline: WifiOff,
  past: History,
  person: UserRound,
  people: UsersRound,
  phone: Smartphone,
  pin: MapPin,
  play: Play,
  power: Zap,
  refresh: RefreshCw,
  remove: Trash2,
  scale: Scale,
  screen: Blinds,
  search: Search,
  settings: Settings,
  shower: ShowerHead,
  siren: Siren,
  sprout: Sprout,
  stop: OctagonX,
  swap: ArrowLeftRight,
  sun: Sun,
  thermometer: Thermometer,
  vent: Vent,
  warning: TriangleAlert,
  water: WavesHorizontal,
  wind: Wind,
  x: X,
}

function tag([name, attributes]) {
  const text = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${value}"`)
    .join('')
  return `<${name}${text}/>`
}

/** Returns one SVG with a symbol for each icon; a page draws one of them by its name. */
export function sprite() {
  const symbols = Object.entries(ICONS).map(
    ([name, shape]) =>
      `<symbol id="icon-${name}" viewBox="0 0 24 24">${shape.map(tag).join('')}</symbol>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`
}

if (process.argv[2] !== undefined) writeFileSync(process.argv[2], sprite())
