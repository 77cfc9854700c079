import type { Comment, Incident, User } from '../generated';

function isPrefectOrAurorRole(user: User): boolean {
  return user.role === 'PREFECT' || user.role === 'AUROR';
}

/** Mirrors the server's policy, so that nobody is offered what would be refused. The server decides. */
export function mayUserUpdateIncident(user: User, incident: Incident): boolean {
  return isPrefectOrAurorRole(user) || incident.reportedBy.id === user.id || incident.assignee?.id === user.id;
}

export function mayUserAcknowledgeIncident(user: User, incident: Incident): boolean {
  return isPrefectOrAurorRole(user) || incident.assignee?.id === user.id;
}

export function mayUserAssignIncidents(user: User): boolean {
  return isPrefectOrAurorRole(user);
}

export function mayUserBeAssigned(user: User): boolean {
  return isPrefectOrAurorRole(user);
}

export function mayUserDeleteComment(user: User, comment: Comment): boolean {
  return isPrefectOrAurorRole(user) || comment.author.id === user.id;
}
