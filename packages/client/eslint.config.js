// The rules of the dashboard, by its own eslint: `make check` installs both.
import { recommended, rulesOfSources } from '../../web/eslint.config.js';

const oneSocketOwner = { group: ['socket.io-client'], message: 'Only src/socket.ts talks to socket.io-client.' };
const noTestingInProduct = { group: ['**/testing/*'], message: 'src/testing is for tests.' };

export default [
  { ignores: ['dist', 'node_modules', 'src/generated'] },
  ...recommended,
  {
    files: ['src/**/*.ts'],
    rules: { ...rulesOfSources, 'no-restricted-imports': ['error', { patterns: [oneSocketOwner, noTestingInProduct] }] },
  },
  { files: ['src/socket.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [noTestingInProduct] }] } },
  { files: ['src/**/*.test.ts'], rules: { 'max-lines-per-function': 'off', 'no-restricted-imports': ['error', { patterns: [oneSocketOwner] }] } },
  { files: ['scripts/*.mjs'], languageOptions: { globals: { process: 'readonly', URL: 'readonly' } } },
];
