export { CommentThread } from './CommentThread';
