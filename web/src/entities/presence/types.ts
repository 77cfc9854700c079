import type { IncidentViewers, OnlineUsers } from '../../generated/rest';

export type { OnlineUsers };
export type Viewers = Pick<IncidentViewers, 'count' | 'users'>;
