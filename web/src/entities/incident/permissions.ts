import type { Incident, User } from '@owlpost/client';
import { isPrefectOrAurorRole } from '../../lib/roles';

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
