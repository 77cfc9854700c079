export { RealtimeProvider } from './RealtimeProvider';
export { forgetKnownData } from './lazyKnownData';
export { useChangedFields } from './changeStore';
export { useLinkState } from './linkStore';
export {
  describeWriteInWords,
  listKeysOfWrites,
  readFirstWhoTook,
  readIncidentOfWrite,
  readTextOfWrite,
  useOutbox,
  useQueuedWriteActions,
  useQueuedWrites,
  type QueuedWrite,
} from './outbox';
export { useDomainEvents } from './useDomainEvents';
export { useIncidentRoom } from './useIncidentRoom';
export { useReportOfSeen } from './useReportOfSeen';
export { useUnreadByIncident } from './useUnreadByIncident';
export { useTypingSender, type TypingSender } from './useTypingSender';
export { useTypists } from './typingStore';
