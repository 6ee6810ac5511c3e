/** The provinces of Cambodia: the server keeps the Latin name, the screen says it in both languages. */

export const PROVINCES = {
  banteay_meanchey: 'Banteay Meanchey',
  battambang: 'Battambang',
  kampong_cham: 'Kampong Cham',
  kampong_chhnang: 'Kampong Chhnang',
  kampong_speu: 'Kampong Speu',
  kampong_thom: 'Kampong Thom',
  kampot: 'Kampot',
  kandal: 'Kandal',
  kep: 'Kep',
  koh_kong: 'Koh Kong',
  kratie: 'Kratie',
  mondulkiri: 'Mondulkiri',
  oddar_meanchey: 'Oddar Meanchey',
  pailin: 'Pailin',
  phnom_penh: 'Phnom Penh',
  preah_sihanouk: 'Preah Sihanouk',
  preah_vihear: 'Preah Vihear',
  prey_veng: 'Prey Veng',
  pursat: 'Pursat',
  ratanakiri: 'Ratanakiri',
  siem_reap: 'Siem Reap',
  stung_treng: 'Stung Treng',
  svay_rieng: 'Svay Rieng',
  takeo: 'Takeo',
  tboung_khmum: 'Tboung Khmum',
} as const

export type Province = keyof typeof PROVINCES

/** Returns the province that a stored name means, or null: staff may have typed anything. */
export function provinceOf(stored: string | null): Province | null {
  const plain = (stored ?? '')
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
  return plain in PROVINCES ? (plain as Province) : null
}
