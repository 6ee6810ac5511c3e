/** Starts the app. */

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import './lib/old_phones'
import './styles/fonts.css'
import './styles/base.css'
import App from './App.vue'
import { keptLanguage, setLanguage } from './lib/i18n'
import { keepInstallOffer } from './lib/install'
import { startTicking } from './lib/now'
import { loadIcons } from './lib/sprite'
import { reloadWhereOutdated, startWorker } from './lib/worker'
import { router } from './router'
import { useSession } from './stores/session'

async function start(): Promise<void> {
  keepInstallOffer()
  reloadWhereOutdated()
  // Every icon stands beside a word: without them the app is plain, not broken.
  loadIcons().catch(() => undefined)
  // A language that can't be fetched (offline, first visit) leaves Khmer, which is in the bundle.
  await setLanguage(keptLanguage()).catch(() => undefined)
  startTicking()
  const app = createApp(App).use(createPinia())
  // Before the first page, which is another one for who is let in.
  await useSession().takePass()
  app.use(router).mount('#app')
  if (import.meta.env.PROD) await startWorker().catch(() => undefined)
}

void start()
