import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** What holds for every source in TypeScript, those of packages/client too. */
export const recommended = [js.configs.recommended, ...tseslint.configs.recommended];
export const rulesOfSources = {
  'max-lines': ['error', 400],
  'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
  '@typescript-eslint/consistent-type-imports': 'error',
};

const noSocketOfOwn = { group: ['socket.io-client'], message: 'Only @owlpost/client talks to socket.io-client.' };

const noTestingInProduct = { group: ['**/testing/*'], message: 'src/testing is for tests.' };

function allowImportsFromTo(type, types) {
  return { from: { element: { type } }, allow: { to: { element: { types: { anyOf: types } } } } };
}

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'e2e/seed-page', 'test-results', 'playwright-report'] },
  ...recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { boundaries, 'react-hooks': reactHooks },
    languageOptions: { globals: globals.browser },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.tsx', '.css'] } },
      'boundaries/elements': [
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
      ...rulesOfSources,
      'no-restricted-imports': ['error', { patterns: [noSocketOfOwn, noTestingInProduct] }],
      // Imports inside one element are always allowed; a feature is one, and so is an entity: they do not import each other.
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            allowImportsFromTo('entity', ['lib']),
            allowImportsFromTo('components', ['entity', 'lib']),
            allowImportsFromTo('realtime', ['entity', 'lib']),
            allowImportsFromTo('feature', ['components', 'entity', 'lib', 'realtime', 'testing']),
            allowImportsFromTo('app', ['feature', 'components', 'entity', 'lib', 'realtime', 'testing']),
            // Itself: of the client package.
            allowImportsFromTo('testing', ['app', 'lib', 'realtime', 'testing']),
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.test.{ts,tsx}', 'src/testing/*'],
    rules: { 'max-lines-per-function': 'off', 'no-restricted-imports': ['error', { patterns: [noSocketOfOwn] }] },
  },
  {
    files: ['*.{js,ts}', 'public/*.js', 'e2e/**/*.ts', 'scripts/**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { 'max-lines': ['error', 400] },
  },
);
