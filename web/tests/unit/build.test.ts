import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import type { Manifest } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { fillTemplate, precacheList } from '../../build/service-worker'

/** What a first visit may cost, scripts and styles, gzipped; in kB of 1000 bytes. */
const MOST_INITIAL_KB = 60
const FIRST_PAGE = 'src/pages/LoginPage.vue'
const BUILD_WITHIN_MS = 120_000

/** What came after `build.target`, in the words of the language and of the browser. */
const TOO_NEW = [
  /\.(?:at|findLast|findLastIndex)\(/,
  /\b(?:structuredClone|reportError|fromAsync|groupBy|withResolvers|randomUUID)\(/,
  /\bAbortSignal\.(?:timeout|any)\(/,
  /\(\?<[=!]/,
]

let folder: string
let manifest: Manifest
const read = (name: string): Buffer => readFileSync(join(folder, name))

/** Returns every script and style that a page needs before it shows, without what it loads later. */
function needed(entry: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[entry]
  if (chunk === undefined || found.has(chunk.file)) return found
  found.add(chunk.file)
  for (const style of chunk.css ?? []) found.add(style)
  for (const name of chunk.imports ?? []) needed(name, found)
  return found
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokkatot-web-'))
  // A process of its own: inside the test runner the libraries would be their development versions.
  execFileSync(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '--outDir', folder, '--logLevel', 'error'],
    { env: { ...process.env, NODE_ENV: 'production' }, timeout: BUILD_WITHIN_MS },
  )
  manifest = JSON.parse(read('.vite/manifest.json').toString()) as Manifest
}, BUILD_WITHIN_MS)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the built app', () => {
  it('costs a first visit no more than promised', () => {
    const files = needed(FIRST_PAGE, needed('index.html'))
    const kb = [...files].reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0)
    expect(files.size).toBeGreaterThan(3)
    expect(kb / 1000).toBeLessThanOrEqual(MOST_INITIAL_KB)
  })

  it('loads the chart library only with a chart', () => {
    const first = [...needed(FIRST_PAGE, needed('index.html'))]
    expect(first.filter((name) => name.includes('Chart'))).toEqual([])
  })

  it('asks for nothing that the oldest phones do not know', () => {
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, read(name).toString()] as const)
    const found = scripts.flatMap(([name, source]) =>
      TOO_NEW.flatMap((word) => (word.exec(source) ?? []).map((hit) => `${name}: ${hit}`)),
    )
    expect(found).toEqual([])
  })

  it('has no script or style inside the page, so that a strict policy holds', () => {
    const page = read('index.html').toString()
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|style=/)
  })
})

describe('the service worker', () => {
  const kept = (): string[] => {
    const list = /const PRECACHE = (\[.*\])/.exec(read('service-worker.js').toString())?.[1]
    return JSON.parse(list ?? '[]') as string[]
  }

  it('keeps every file that a page can ask for, and only files that are there', () => {
    const names = kept().filter((name) => name !== '/')
    expect(names.filter((name) => !existsSync(join(folder, name)))).toEqual([])
    const built = Object.values(manifest).flatMap(({ file, css = [], assets = [] }) => [
      file,
      ...css,
      ...assets,
    ])
    expect(built.filter((name) => !names.includes(`/${name}`))).toEqual([])
    expect(names).toContain('/manifest.webmanifest')
  })

  it('keeps neither itself nor anything of the server', () => {
    expect(kept().filter((name) => /service-worker|^\/v1|\.vite/.test(name))).toEqual([])
  })

  it('changes its version with what it keeps', () => {
    const source = read('service-worker.js').toString()
    expect(source).toMatch(/const VERSION = "[0-9a-f]{12}"/)
  })

  it('is not written from a template that lost its marks', () => {
    expect(() => fillTemplate('const PRECACHE = []', [], 'v')).toThrow('marks')
    expect(precacheList(['a.js', 'a.js.map', 'index.html'], ['b.png'])).toEqual([
      '/',
      '/a.js',
      '/b.png',
    ])
  })
})

describe('the manifest of the app', () => {
  it('names icons that are there', () => {
    const app = JSON.parse(read('manifest.webmanifest').toString()) as {
      icons: { src: string }[]
    }
    expect(app.icons.filter(({ src }) => !existsSync(join(folder, src)))).toEqual([])
  })
})
