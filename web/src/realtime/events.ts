import type {
  ConnectionAcknowledged,
  ErrorPayload,
  EventsResumed,
  IncidentReceipts,
  PresenceCounts,
  PresenceJoin,
  PresenceLeave,
  PresenceTyping,
  User,
} from '../generated';
import type { DurableEventName, DurableEvents } from '../lib/domainEvents';

type Listener<P> = (payload: P) => void;

export type ServerToClientEvents = { [N in DurableEventName]: Listener<DurableEvents[N]> } & {
  'presence:join': Listener<PresenceJoin>;
  'presence:leave': Listener<PresenceLeave>;
  'presence:typing': Listener<PresenceTyping>;
  'presence:counts': Listener<PresenceCounts>;
  'incident:receipts': Listener<IncidentReceipts>;
  'connection:acknowledged': Listener<ConnectionAcknowledged>;
  'events:resumed': Listener<EventsResumed>;
  error: Listener<ErrorPayload>;
};

export type Ack = { ok: true } | { ok: false; error: ErrorPayload };
export type RoomAck = { ok: true; room: string; users: User[]; count: number } | { ok: false; error: ErrorPayload };

export interface ClientToServerEvents {
  authenticate: (payload: { token: string }, ack: (answer: Ack) => void) => void;
  'room:join': (payload: { room: string }, ack: (answer: RoomAck) => void) => void;
  'room:leave': (payload: { room: string }) => void;
  'typing:start': (payload: { incidentId: string }) => void;
  'typing:stop': (payload: { incidentId: string }) => void;
  'notification:seen': (payload: { notificationIds: string[] }) => void;
}

/** The room that hears of every incident's changes. */
export const FEED_ROOM = 'incidents';

export function nameRoomOfIncident(incidentId: string): string {
  return `incident:${incidentId}`;
}

export function readIncidentFromRoom(room: string | undefined | null): string | null {
  return room?.startsWith('incident:') ? room.slice('incident:'.length) : null;
}
