export { commentKeys } from './keys';
export { mayUserDeleteComment } from './permissions';
export {
  appendCommentToPages,
  listCommentsOldestFirst,
  reduceCommentPagesWithEvent,
  removeCommentFromPages,
} from './reduceEvents';
export type { CommentPage, CommentPages, ListedComment } from './types';
