import type {
  CommentCreated,
  CommentDeleted,
  ConnectionAcknowledged,
  Durable,
  ErrorPayload,
  EscalationCritical,
  EscalationStep,
  EventsResumed,
  IncidentAcknowledged,
  IncidentCreated,
  IncidentReceipts,
  IncidentResolved,
  IncidentUpdated,
  NotificationDeleted,
  NotificationNew,
  NotificationRead,
  PresenceCounts,
  PresenceJoin,
  PresenceLeave,
  PresenceTyping,
  User,
  UserUpdated,
} from '../generated';

/** Events about committed data: each has an `eventId` and is never lost. */
export interface DurableEvents {
  'incident:created': IncidentCreated & Durable;
  'incident:updated': IncidentUpdated & Durable;
  'incident:resolved': IncidentResolved & Durable;
  'comment:created': CommentCreated & Durable;
  'comment:deleted': CommentDeleted & Durable;
  'notification:new': NotificationNew & Durable;
  'notification:read': NotificationRead & Durable;
  'notification:deleted': NotificationDeleted & Durable;
  'escalation:critical': EscalationCritical & Durable;
  'incident:acknowledged': IncidentAcknowledged & Durable;
  'escalation:step': EscalationStep & Durable;
  'user:updated': UserUpdated & Durable;
}

export const DURABLE_EVENT_NAMES = [
  'incident:created',
  'incident:updated',
  'incident:resolved',
  'comment:created',
  'comment:deleted',
  'notification:new',
  'notification:read',
  'notification:deleted',
  'escalation:critical',
  'incident:acknowledged',
  'escalation:step',
  'user:updated',
] as const satisfies readonly (keyof DurableEvents)[];

export type DurableEventName = keyof DurableEvents;

/** A durable event as the rest of the app sees it: narrowed by `name`. */
export type DomainEvent = { [N in DurableEventName]: { name: N; payload: DurableEvents[N] } }[DurableEventName];

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
