import { defineCompatibilityCasesForRelease } from './helpers/compatibilityCases.mjs';

defineCompatibilityCasesForRelease('3.1');
