import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist', 'node_modules', 'public'] },
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-emits-declaration': 'error',
      'vue/define-props-declaration': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      // Units come last in every name of this project: `from_ms`, not `fromMs`.
      'vue/prop-name-casing': ['error', 'snake_case'],
      'vue/no-unused-refs': 'error',
      // Every word that a person reads comes from the catalogue; symbols and units may stand.
      'vue/no-bare-strings-in-template': [
        'error',
        { allowlist: ['·', '—', '%', '°C', ':', '/', '×', '–', '+', '−'] },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Go through src/lib/api.ts, which has the time-outs.' },
        { name: 'alert', message: 'Say it on the page, where a screen reader hears it.' },
        { name: 'confirm', message: 'Use ConfirmDialog.vue.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Ask src/lib/clock.ts: it knows server time.' },
        { object: 'Math', property: 'random', message: 'Randomness is handed in.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.name="watch"] > ArrowFunctionExpression > ArrayExpression',
          message: 'A new array is always another one: hand over an array of sources.',
        },
      ],
    },
  },
  {
    files: ['src/lib/{api,clock,ids,sprite}.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
  },
  prettier,
)
