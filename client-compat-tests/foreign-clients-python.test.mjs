// python-socketio, which hands all arguments of an event to its handlers: every one must have exactly one.
import assert from 'node:assert/strict';
import { defineCompatibilityCasesForClients, defineRestartCaseForClients } from './helpers/compatibilityCases.mjs';
import { useForeignClientsForTestFile } from './helpers/foreignClients.mjs';

function useClientsOfPythonModule(module) {
  return useForeignClientsForTestFile(() => {
    const python = process.env.OWLPOST_PYTHON;
    assert.ok(python, 'OWLPOST_PYTHON names a Python with generated-clients/requirements.txt installed: `make test-clients` sees to it');
    return [python, ['client.py', module]];
  });
}

const clients = defineCompatibilityCasesForClients({
  'python-socketio with threads': { foreign: useClientsOfPythonModule('sync') },
  'python-socketio with asyncio': { foreign: useClientsOfPythonModule('asyncio') },
});

defineRestartCaseForClients(clients);
