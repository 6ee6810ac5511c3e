/** Writes the service worker with the names of everything that this build made. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import type { Plugin, Rollup } from 'vite'

/** Loaded when first looked at: a phone that never opens a chart need not pay for it at install. */
const NOT_AT_INSTALL = /\.(map|woff)$/

/** Returns every address that the shell needs offline, sorted. */
export function precacheList(bundle: readonly string[], publicFiles: readonly string[]): string[] {
  const built = bundle.filter(
    (name) => !NOT_AT_INSTALL.test(name) && name !== 'index.html' && !name.startsWith('.vite/'),
  )
  return ['/', ...[...built, ...publicFiles].map((name) => `/${name}`)].sort()
}

/** Returns the worker's source for one build; its version is the hash of all that it keeps. */
export function fillTemplate(template: string, names: readonly string[], version: string): string {
  if (!template.includes('__PRECACHE__') || !template.includes('__VERSION__')) {
    throw new Error('the service worker template has lost its marks')
  }
  return template
    .replace('__PRECACHE__', JSON.stringify(names))
    .replace('__VERSION__', JSON.stringify(version))
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

function versionOf(bundle: Rollup.OutputBundle, names: readonly string[]): string {
  const hash = createHash('sha256').update(names.join('\n'))
  const page = bundle['index.html']
  if (page?.type === 'asset') hash.update(page.source)
  return hash.digest('hex').slice(0, 12)
}

export function serviceWorker(given: { template: string }): Plugin {
  let publicDir = ''
  return {
    name: 'tokkatot-service-worker',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const names = precacheList(Object.keys(bundle), filesUnder(publicDir))
        const template = readFileSync(given.template, 'utf8')
        const source = fillTemplate(template, names, versionOf(bundle, names))
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
      },
    },
  }
}
