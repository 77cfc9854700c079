import type { Scope } from '@owlpost/client/rest';

export const scopeLabels: Record<Scope, string> = {
  report: 'Report incidents',
  read: 'Read',
  write: 'Change',
  events: 'Follow live',
};

export const scopeDescriptions: Record<Scope, string> = {
  report: 'New incidents, and alerts that come in by hooks',
  read: 'Incidents, comments, people and who is online',
  write: 'Change and resolve incidents, comment',
  events: 'Sockets and event streams',
};
