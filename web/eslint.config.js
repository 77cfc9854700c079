import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** Only realtime/socket.ts may open a connection. */
const oneSocketOwner = { group: ['socket.io-client'], message: 'Only src/realtime/socket.ts talks to socket.io-client.' };

const noTestingInProduct = { group: ['**/testing/*'], message: 'src/testing is for tests.' };

function allowImportsFromTo(type, types) {
  return { from: { element: { type } }, allow: { to: { element: { types: { anyOf: types } } } } };
}

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/generated', 'e2e/seed-page', 'test-results', 'playwright-report'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { boundaries, 'react-hooks': reactHooks },
    languageOptions: { globals: globals.browser },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.tsx', '.css'] } },
      'boundaries/elements': [
        { type: 'generated', pattern: 'src/generated' },
        { type: 'lib', pattern: 'src/lib' },
        { type: 'entity', pattern: 'src/entities/*', capture: ['entity'] },
        { type: 'components', pattern: 'src/components' },
        { type: 'realtime', pattern: 'src/realtime' },
        { type: 'feature', pattern: 'src/features/*', capture: ['feature'] },
        { type: 'app', pattern: 'src/app' },
        { type: 'testing', pattern: 'src/testing' },
      ],
    },
    rules: {
      ...reactHooks.configs.recommended.rules,
      'no-restricted-imports': ['error', { patterns: [oneSocketOwner, noTestingInProduct] }],
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Imports inside one element are always allowed; a feature is one, and so is an entity: they do not import each other.
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            allowImportsFromTo('lib', ['generated']),
            allowImportsFromTo('entity', ['lib', 'generated']),
            allowImportsFromTo('components', ['entity', 'lib', 'generated']),
            allowImportsFromTo('realtime', ['entity', 'lib', 'generated']),
            allowImportsFromTo('feature', ['components', 'entity', 'lib', 'realtime', 'generated', 'testing']),
            allowImportsFromTo('app', ['feature', 'components', 'entity', 'lib', 'realtime', 'generated', 'testing']),
            allowImportsFromTo('testing', ['app', 'lib', 'realtime', 'generated']),
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
          ],
        },
      ],
    },
  },
  { files: ['src/realtime/socket.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/**/*.test.{ts,tsx}', 'src/testing/*'],
    rules: { 'max-lines-per-function': 'off', 'no-restricted-imports': ['error', { patterns: [oneSocketOwner] }] },
  },
  {
    files: ['*.{js,ts}', 'public/*.js', 'e2e/**/*.ts', 'scripts/**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { 'max-lines': ['error', 400] },
  },
);
