// Written by `make types` from the tables of calls and events in the code. Do not edit.
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
  IncidentAcknowledgeRequest,
  IncidentAcknowledged,
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
} from "./index";

/** Methods of the hub at `/hub/incidents`. Each takes its request, or the one field of it. */
export interface IncidentHubMethods {
  Authenticate(request: AuthenticateRequest): Promise<AuthenticateAnswer>;
  JoinRoom(request: RoomJoinRequest): Promise<RoomJoinAnswer>;
  LeaveRoom(request: RoomLeaveRequest): Promise<void>;
  StartTyping(request: TypingStartRequest): Promise<void>;
  StopTyping(request: TypingStopRequest): Promise<void>;
  MarkNotificationRead(request: NotificationMarkReadRequest): Promise<void>;
  MarkNotificationsSeen(request: NotificationSeenRequest): Promise<void>;
  AcknowledgeIncident(request: IncidentAcknowledgeRequest): Promise<IncidentAcknowledgeAnswer>;
  JoinIncidentRoom(incidentId: string): Promise<RoomJoinAnswer>;
  LeaveIncidentRoom(incidentId: string): Promise<void>;
  SendTypingIndicator(incidentId: string): Promise<void>;
}

/** What the hub sends: a target, and its one argument. */
export interface IncidentHubEvents {
  IncidentCreated: IncidentCreated & Durable;
  IncidentUpdated: IncidentUpdated & Durable;
  IncidentResolved: IncidentResolved & Durable;
  CommentCreated: CommentCreated & Durable;
  CommentDeleted: CommentDeleted & Durable;
  NotificationNew: NotificationNew & Durable;
  NotificationRead: NotificationRead & Durable;
  NotificationDeleted: NotificationDeleted & Durable;
  IncidentAcknowledged: IncidentAcknowledged & Durable;
  EscalationStep: EscalationStep & Durable;
  EscalationCritical: EscalationCritical & Durable;
  UserUpdated: UserUpdated & Durable;
  PresenceJoin: PresenceJoin;
  PresenceLeave: PresenceLeave;
  PresenceTyping: PresenceTyping;
  IncidentReceipts: IncidentReceipts;
  PresenceCounts: PresenceCounts;
  ConnectionAcknowledged: ConnectionAcknowledged;
  EventsResumed: EventsResumed;
  Error: ErrorPayload;
}

/** An item of `StreamEvents`: an event under its own name, such as `incident:created`. */
export interface StreamedEvent {
  /** Its position in the event log, when it has one. */
  eventId?: string;
  event: string;
  payload: unknown;
}

/** What can be streamed. */
export interface IncidentHubStreams {
  /** Events behind `after` (from now on without), those of `rooms` among them. */
  StreamEvents(after?: string | null, rooms?: string[]): StreamedEvent;
}

/** As much of `HubConnection` of `@microsoft/signalr` as `typedHub` needs. */
export interface UntypedHubConnection {
  on(target: string, handler: (payload: never) => void): void;
  off(target: string, handler: (payload: never) => void): void;
  invoke(method: string, ...args: unknown[]): Promise<unknown>;
  send(method: string, ...args: unknown[]): Promise<void>;
  stream(method: string, ...args: unknown[]): StreamOf<unknown>;
}

/** As `IStreamResult` of `@microsoft/signalr`. */
export interface StreamOf<T> {
  subscribe(observer: {
    next(item: T): void;
    error(problem: unknown): void;
    complete(): void;
  }): { dispose(): void };
}

/** A connection that knows its methods and targets. */
export interface TypedHub {
  on<E extends keyof IncidentHubEvents>(
    target: E,
    handler: (payload: IncidentHubEvents[E]) => void,
  ): void;
  off<E extends keyof IncidentHubEvents>(
    target: E,
    handler: (payload: IncidentHubEvents[E]) => void,
  ): void;
  invoke<M extends keyof IncidentHubMethods>(
    method: M,
    ...args: Parameters<IncidentHubMethods[M]>
  ): ReturnType<IncidentHubMethods[M]>;
  send<M extends keyof IncidentHubMethods>(
    method: M,
    ...args: Parameters<IncidentHubMethods[M]>
  ): Promise<void>;
  stream<S extends keyof IncidentHubStreams>(
    method: S,
    ...args: Parameters<IncidentHubStreams[S]>
  ): StreamOf<ReturnType<IncidentHubStreams[S]>>;
}

/** The same connection, typed. */
export function typedHub(connection: UntypedHubConnection): TypedHub {
  return connection as unknown as TypedHub;
}
