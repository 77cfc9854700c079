import { defineCompatibilityCasesForRelease } from './helpers/compatibilityCases.mjs';

defineCompatibilityCasesForRelease('msgpack');
