export { describeWriteInWords, readTextOfWrite } from './describeWrites';
export { useOutbox } from './send';
export { listKeysOfWrites, type QueuedWrite } from './store';
export { useQueuedWriteActions } from './useQueuedWriteActions';
export { useQueuedWrites } from './useQueuedWrites';
export { readFirstWhoTook, readIncidentOfWrite } from './writes';
