import { defineCompatibilityCasesForRelease } from './helpers/compatibilityCases.mjs';

defineCompatibilityCasesForRelease('2.5');
