import { io, type Socket } from 'socket.io-client';
import { addBasePathTo } from '../lib/basePath';
import type { ClientToServerEvents, ServerToClientEvents } from './events';

export type OwlSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** How often a page that people watch wants to hear that the server is there. An older server keeps to its own interval. */
const WANTED_HEARTBEAT_MS = 5_000;

/** What the server wants to know when a connection begins; asked anew at every reconnection. */
export interface ConnectionAuth {
  token: string;
  lastEventId?: string;
  room: string[];
}

/** The only place that opens a connection: polling first, then a websocket where the network lets one through. */
export function openSocketToOwnServer(readAuth: () => ConnectionAuth): OwlSocket {
  return io({
    path: addBasePathTo('/socket.io'),
    query: { heartbeat: WANTED_HEARTBEAT_MS },
    auth: (give) => give(readAuth()),
    autoConnect: false,
    reconnectionDelay: 400,
    reconnectionDelayMax: 4_000,
    timeout: 10_000,
  });
}
