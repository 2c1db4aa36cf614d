import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  { files: ['tests/page/*.mjs'], languageOptions: { globals: globals.node } },
  { files: ['kyphometer/**/*.js'], languageOptions: { globals: globals.browser } },
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Text is never read as markup: use ui/dom.js.' },
        { property: 'outerHTML', message: 'Text is never read as markup: use ui/dom.js.' },
      ],
    },
  },
];
