import { fileURLToPath, URL } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

import { serviceWorker } from './build/service-worker.ts'

const CLOUD = process.env.TOKKATOT_CLOUD ?? 'http://127.0.0.1:8080'

const SHELL =
  /components\/(Choices|EntryFrame|Icon|LanguageSwitch|ProblemNote|Spinner|TextField)\.vue|lib\/form\.ts/

export default defineConfig({
  plugins: [vue(), serviceWorker({ template: 'build/service-worker.template.js' })],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  // Phones here are old: Android WebView 87 is what a 2018 phone without updates still has.
  build: {
    target: ['es2020', 'chrome87', 'safari14'],
    manifest: true,
    assetsInlineLimit: 0,
    // The small parts that every page has come in one piece: a request costs more than they do.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'shell', test: SHELL }] } },
      // Who runs the program for the first time wants no profile of its build.
      checks: { pluginTimings: false },
    },
  },
  server: { proxy: { '/v1': { target: CLOUD, ws: true } } },
  preview: { proxy: { '/v1': { target: CLOUD, ws: true } } },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node',
    restoreMocks: true,
    // Nets for a slow machine: no test of these waits for its limit.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
