/** Putting the app on the phone, where the browser offers it. */

import { computed, shallowRef } from 'vue'

interface InstallOffer extends Event {
  prompt(): Promise<unknown>
}

const offer = shallowRef<InstallOffer | null>(null)

/** Keeps the browser's offer until a person asks for it, instead of a banner at the wrong time. */
export function keepInstallOffer(): void {
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    offer.value = event as InstallOffer
  })
  window.addEventListener('appinstalled', () => {
    offer.value = null
  })
}

export const canInstall = computed(() => offer.value !== null)

export async function install(): Promise<void> {
  const held = offer.value
  offer.value = null
  await held?.prompt()
}
