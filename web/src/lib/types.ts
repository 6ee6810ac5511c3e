/** The shapes that the server speaks, as `/v1/openapi.json` describes them. */

export type Language = 'km' | 'en'
export type Role = 'viewer' | 'manager' | 'owner' | 'staff'
export type HouseKind = 'coop' | 'greenhouse'
export type Severity = 'critical' | 'warning' | 'info'
export type HouseMode =
  'empty' | 'preheat' | 'growth' | 'catching' | 'seedling' | 'vegetative' | 'flowering' | 'harvest'

export interface User {
  id: string
  name: string
  phone: string | null
  email: string | null
  language: Language
  time_zone: string
  avatar?: string | null
  contact_verified: boolean
  is_staff: boolean
}

export interface FarmBrief {
  id: string
  name: string
  role: Role
  coop_count: number
  house_count?: number
}

export interface Farm extends FarmBrief {
  province: string | null
  location: string | null
  latitude: number | null
  longitude: number | null
  time_zone: string
  worst_alert: Severity | null
}

export interface Tokens {
  access_token: string
  refresh_token: string
  expires_in: number
  /** Under which key the refresh token was sent and no answer heard; it goes out under no other. */
  refresh_key?: string | null
}

export interface SignedIn extends Tokens {
  user: User
  farms: FarmBrief[]
}

export interface HubStatus {
  id: string
  online: boolean
  last_seen_at: string | null
  software?: string | null
}

export interface HubPass {
  hub_id: string
  hub_name: string
  house_id: string | null
  token: string
  expires_at: string
  addresses: string[]
}

/** Who set the PIN of the farm's control boxes; null: each has its own. */
export interface HubPin {
  set_by: PersonRef | null
  set_at: string | null
}

export interface CardValue {
  /** The device that alone measures it in the house; null where several do. */
  device_id: string | null
  value: number
  t: string
  stale: boolean
}

export interface HouseCard {
  id: string
  number: number
  name: string
  kind: HouseKind
  capacity: number | null
  present_count: number | null
  chicken_type: string | null
  crop_type: string | null
  floor_area_m2: number | null
  zones: string[]
  hub: HubStatus | null
  water: CardValue | null
  temperature: CardValue | null
  worst_alert: Severity | null
  stopped: boolean
  mode?: HouseMode | null
  /** The modes that its kind knows. */
  modes?: HouseMode[]
}

export interface Reading {
  device_id: string
  device_name: string
  zone: string
  quantity: string
  unit: string
  value: number
  t: string
  quality: number
  stale: boolean
}

export type WhySource = 'person' | 'schedule' | 'rule' | 'rest' | 'interlock'

export interface Why {
  source: WhySource
  reason: string
  until: string | null
  cut_by?: string[]
}

export interface Proposal {
  source: WhySource
  reason: string
  level: number
}

/** What a device reported, who had decided it, and all that had been asked. */
export interface Trace {
  t: string
  actual: number | null
  why: (Why & { cut_by: string[]; proposals: Proposal[] }) | null
}

export type CommandAction = 'on' | 'off' | 'toggle' | 'set_value' | 'auto' | 'reset'
export type CommandState =
  | 'queued'
  | 'sent'
  | 'executing'
  | 'completed'
  | 'failed'
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'interrupted'
  | 'unknown'

export interface PersonRef {
  id: string
  name: string
}

export interface Command {
  id: string
  device_id: string
  action: CommandAction
  value: number | null
  duration_s: number | null
  state: CommandState
  reason: string | null
  requested_by: PersonRef | null
  requested_at: string
  sent_at: string | null
  finished_at: string | null
  ends_at: string | null
}

export interface Actuator {
  device_id: string
  name: string
  role: string
  interface: string
  zone: string
  online: boolean
  actual: number | null
  actual_t: string | null
  target: number | null
  why: Why | null
  error: string | null
  tap_on_s: number
  tap_off_s: number
  max_on_s: number | null
  command: Command | null
}

export interface Sensor {
  device_id: string
  name: string
  role: string
  zone: string
  online: boolean
  last_seen_at: string | null
}

export type AlertState = 'unacknowledged' | 'acknowledged' | 'returned' | 'normal'

export interface Alert {
  id: string
  house_id: string | null
  device_id: string | null
  device_name: string | null
  type: string
  severity: Severity
  state: AlertState
  /** What people call an alarm of their own. */
  name?: string | null
  /** Of an alert of droppings the photograph that it is about. */
  about?: string | null
  /** The alert that it is told with. */
  under?: string | null
  /** Until when people want to hear nothing of it; a hub's own page doesn't tell. */
  shelved_until?: string | null
  threshold: number | null
  actual: number | null
  raised_at: string
  cleared_at: string | null
  acknowledged_by: PersonRef | null
  acknowledged_at: string | null
}

export interface SetPoints {
  temperature_min_c: number
  temperature_max_c: number
  temperature_hard_max_c: number
  water_low_percent: number
  water_full_percent: number
}

/** With what holds from sunset to sunrise; null: as by day. */
export interface DayAndNight extends SetPoints {
  night?: SetPoints | null
}

export interface Stop {
  by: PersonRef | string | null
  at: string | null
}

export interface HouseState {
  t: string
  seq: number
  role: Role
  house: HouseCard
  hub: HubStatus | null
  readings: Reading[]
  actuators: Actuator[]
  sensors: Sensor[]
  alerts: Alert[]
  setpoints: DayAndNight
  stop: Stop | null
  picture: { url: string; t: string } | null
  live_t: string | null
}

export type Point = [t_ms: number, value: number, quality: number]

export interface Series {
  device_id: string
  quantity: string
  unit: string
  points: Point[]
  /** From the last reading before a hole to the first after it; a hub's own page doesn't tell. */
  gaps?: [number, number][]
  truncated: boolean
}

/** An hour whose mean, lowest or highest value was unlike the same hour of the days before. */
export interface Anomaly {
  from: string
  to: string
  value: number
  low: number
  high: number
  score: number
}

export interface SeriesAnomalies {
  device_id: string
  quantity: string
  unit: string
  anomalies: Anomaly[]
}

export interface FarmEvent {
  id: string
  t: string
  type: string
  severity: Severity | null
  house_id: string | null
  device_id: string | null
  user: PersonRef | null
  data: Record<string, unknown>
}

export interface Session {
  id: string
  device_name: string | null
  ip: string | null
  user_agent: string | null
  created_at: string
  last_seen_at: string | null
  current: boolean
}

export type ChannelKind = 'web_push' | 'email' | 'telegram' | 'sms'

/** One way to reach a person beside the message centre. */
export interface Channel {
  id: string
  kind: ChannelKind
  name: string | null
  address: string | null
  least: Severity
  is_on: boolean
  verified_at: string | null
  tested_at: string | null
  sent_at: string | null
  failed_at: string | null
  failure: string | null
}

/** Which channels a cloud offers. */
export interface ChannelOffer {
  kinds: ChannelKind[]
  push_key: string
  telegram_bot: boolean
}

export interface Member {
  user_id: string
  name: string
  phone: string | null
  email: string | null
  role: Exclude<Role, 'staff'>
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
