import type { IncidentViewers, OnlineUsers } from '@owlpost/client/rest';

export type { OnlineUsers };
export type Viewers = Pick<IncidentViewers, 'count' | 'users'>;
