import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { ErrorPayload } from './generated';
import type { OwlPostCalls, OwlPostEvents } from './events';

/** How often somebody who watches wants to hear that the server is there. An older server keeps to its own interval. */
const WANTED_HEARTBEAT_MS = 5_000;

export type Answer<A> = ({ ok: true } & A) | { ok: false; error: ErrorPayload & { details?: unknown } };

type ListenedEvents = { [N in keyof OwlPostEvents]: (payload: OwlPostEvents[N]) => void };
type MadeCalls = {
  [N in keyof OwlPostCalls]: (request: OwlPostCalls[N]['request'], answer?: (answer: Answer<OwlPostCalls[N]['answer']>) => void) => void;
};
export type OwlSocket = Socket<ListenedEvents, MadeCalls>;
/** The same socket, where the name of a call is not known while compiling. */
export type AnySocket = Socket;

/** What the server wants to know when a connection begins; asked anew at every reconnection. */
export interface ConnectionAuth {
  token: string;
  lastEventId?: string;
  room: string[];
}

/** What of socket.io-client's options is not this package's own business. */
export type SocketSettings = Omit<Partial<ManagerOptions & SocketOptions>, 'path' | 'auth' | 'autoConnect' | 'query'>;

/** The only place that opens a connection: polling first, then a websocket where the network lets one through. */
export function openSocketToServer(url: string, readAuth: () => Promise<ConnectionAuth> | ConnectionAuth, settings?: SocketSettings): OwlSocket {
  const [, origin = '', path = ''] = /^(\w+:\/\/[^/]+)?(.*?)\/*$/.exec(url) ?? [];
  const options = {
    reconnectionDelay: 400,
    reconnectionDelayMax: 4_000,
    timeout: 10_000,
    ...settings,
    path: `${path}/socket.io`,
    query: { heartbeat: WANTED_HEARTBEAT_MS },
    auth: (give: (auth: ConnectionAuth) => void) => {
      const auth = readAuth();
      if (auth instanceof Promise) void auth.then(give);
      else give(auth);
    },
    autoConnect: false,
  };
  return origin ? io(origin, options) : io(options);
}
