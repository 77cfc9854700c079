export { presenceKeys } from './keys';
export {
  addUserToOnline,
  addUserToViewers,
  doUsersFitCounts,
  removeUserFromOnline,
  removeUserFromViewers,
  setCountsOfOnline,
} from './reduceEvents';
export type { OnlineUsers, Viewers } from './types';
