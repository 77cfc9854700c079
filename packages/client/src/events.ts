import type {
  AuthenticateAnswer,
  AuthenticateRequest,
  CommentCreated,
  CommentDeleted,
  ConnectionAcknowledged,
  Durable,
  ErrorPayload,
  EscalationCritical,
  EscalationStep,
  EventsResumed,
  IncidentAcknowledgeAnswer,
  IncidentAcknowledged,
  IncidentAcknowledgeRequest,
  IncidentCreated,
  IncidentReceipts,
  IncidentResolved,
  IncidentUpdated,
  NotificationDeleted,
  NotificationMarkReadRequest,
  NotificationNew,
  NotificationRead,
  NotificationSeenRequest,
  PresenceCounts,
  PresenceJoin,
  PresenceLeave,
  PresenceTyping,
  RoomJoinAnswer,
  RoomJoinRequest,
  RoomLeaveRequest,
  TypingStartRequest,
  TypingStopRequest,
  UserUpdated,
} from './generated';

/** Events about committed data: each has an `eventId`, comes in order, once, and is never lost. */
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

export type DurableEventName = keyof DurableEvents;

/** A durable event, narrowed by `name`. */
export type DomainEvent = { [N in DurableEventName]: { name: N; payload: DurableEvents[N] } }[DurableEventName];

/** Events about this moment, which are not repeated to who was away; and what the server says of the connection. */
export interface PassingEvents {
  'presence:join': PresenceJoin;
  'presence:leave': PresenceLeave;
  'presence:typing': PresenceTyping;
  'presence:counts': PresenceCounts;
  'incident:receipts': IncidentReceipts;
  'connection:acknowledged': ConnectionAcknowledged;
  'events:resumed': EventsResumed;
  error: ErrorPayload;
}

export type OwlPostEvents = DurableEvents & PassingEvents;

/** What a client may call: what it sends, and what is answered. */
export interface OwlPostCalls {
  authenticate: { request: AuthenticateRequest; answer: AuthenticateAnswer };
  'room:join': { request: RoomJoinRequest; answer: RoomJoinAnswer };
  'room:leave': { request: RoomLeaveRequest; answer: object };
  'typing:start': { request: TypingStartRequest; answer: object };
  'typing:stop': { request: TypingStopRequest; answer: object };
  'notification:mark_read': { request: NotificationMarkReadRequest; answer: object };
  'notification:seen': { request: NotificationSeenRequest; answer: object };
  'incident:acknowledge': { request: IncidentAcknowledgeRequest; answer: IncidentAcknowledgeAnswer };
}

/** The room that hears of every incident's changes. */
export const FEED_ROOM = 'incidents';

/** The room that hears of one incident: its changes, its comments, who looks at it and who types. */
export function nameRoomOfIncident(incidentId: string): string {
  return `incident:${incidentId}`;
}

export function readIncidentFromRoom(room: string | undefined | null): string | null {
  return room?.startsWith('incident:') ? room.slice('incident:'.length) : null;
}
