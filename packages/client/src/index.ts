// From the whole to its parts: what one call puts together, and what applications put together otherwise.
export { createOwlPost, type OwlPost, type OwlPostOptions } from './owlPost';
export {
  RealtimeClient,
  type DomainEventListener,
  type EventMeta,
  type RealtimeOptions,
  type RefetchReason,
} from './realtime';
export { createRestClient, type OptionsOf, type PathsOf, type RequestOptions, type RestClient } from './rest';
export { createTransportToServer, type Transport } from './transport';
export { createSourceOfSession, readSessionFromGrant, type Session, type SessionOptions, type SessionSource } from './session';
export { createSourceOfAskedTokens, createSourceOfFixedToken, type Credentials, type CredentialSource } from './credentials';
export { OwlPostError, type OwlPostErrorCode } from './errors';
export {
  readIncidentFromRoom,
  type DomainEvent,
  type DurableEventName,
  type DurableEvents,
  type OwlPostCalls,
  type OwlPostEvents,
} from './events';
export { createStoreOfLink, type LinkState, type LinkStatus, type LinkStore } from './link';
export type { RoomListener, Viewing } from './viewing';
export { createListeners, createStoreWithListeners, type Listeners, type ReadableStore, type Store } from './store';
export { createRandomKeyForRequest } from './randomKey';
export { REQUEST_BOUND_MS } from './requestBound';
export type * from './generated';
