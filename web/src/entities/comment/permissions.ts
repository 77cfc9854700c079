import type { Comment, User } from '@owlpost/client';
import { isPrefectOrAurorRole } from '../../lib/roles';

/** Mirrors the server's policy, so that nobody is offered what would be refused. The server decides. */
export function mayUserDeleteComment(user: User, comment: Comment): boolean {
  return isPrefectOrAurorRole(user) || comment.author.id === user.id;
}
