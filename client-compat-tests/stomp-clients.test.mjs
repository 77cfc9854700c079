// Unmodified stompjs, by websocket and by sockjs-client over each of its transports: every case of the socket clients,
// played by it, and what only STOMP has.
import { defineCompatibilityCasesForClients, defineRestartCaseForClients } from './helpers/compatibilityCases.mjs';
import { StompClients } from './helpers/stompTestClient.mjs';

const played = defineCompatibilityCasesForClients({ stompjs: { foreign: new StompClients() } });
defineRestartCaseForClients(played);
