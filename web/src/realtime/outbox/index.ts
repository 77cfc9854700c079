export { useOutbox } from './send';
export type { QueuedWrite } from './store';
export { useQueuedWriteActions, useQueuedWrites } from './useQueuedWrites';
export { describeWriteInWords, readFirstWhoTook, readIncidentOfWrite, readTextOfWrite, type Write } from './writes';
