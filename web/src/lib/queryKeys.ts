import type { IncidentFilters } from './incidentFilters';

/** Every key of the query cache, declared once: features read by them, the realtime layer writes by them. */
export const queryKeys = {
  meta: ['meta'] as const,
  incidentLists: ['incidents', 'list'] as const,
  incidentList: (filters: IncidentFilters) => ['incidents', 'list', filters] as const,
  incidentDetails: ['incidents', 'detail'] as const,
  incidentDetail: (id: string) => ['incidents', 'detail', id] as const,
  receiptsOf: (incidentId: string) => ['receipts', incidentId] as const,
  timelineOf: (incidentId: string) => ['timeline', incidentId] as const,
  incidentAt: (incidentId: string, time: string) => ['past', incidentId, time] as const,
  comments: ['comments'] as const,
  commentsOf: (incidentId: string) => ['comments', incidentId] as const,
  notifications: ['notifications'] as const,
  onlineUsers: ['presence', 'online'] as const,
  viewers: ['presence', 'incident'] as const,
  viewersOf: (incidentId: string) => ['presence', 'incident', incidentId] as const,
  loginSessions: ['account', 'sessions'] as const,
  userSearch: (q: string) => ['users', q] as const,
};
