import { defineCompatibilityCasesForRelease } from './helpers/compatibilityCases.mjs';

defineCompatibilityCasesForRelease('4.5');
