import type { QueryClient } from '@tanstack/react-query';
import type { PresenceCounts, PresenceJoin, PresenceLeave, User } from '../generated';
import type { OnlineUsers, Viewers } from '../lib/cacheTypes';
import { queryKeys } from '../lib/queryKeys';
import { readIncidentFromRoom } from './events';
import {
  addUserToOnline,
  addUserToViewers,
  removeUserFromOnline,
  removeUserFromViewers,
  setCountsOfOnline,
} from './projections/presence';
import { removeTypistFromEverywhere, removeTypistFromIncident } from './typingStore';

/** Writes who is online and who looks at what into the query cache. */
export class PresenceWriter {
  constructor(private readonly client: QueryClient) {}

  applyJoinToCache(join: PresenceJoin): void {
    const incidentId = readIncidentFromRoom(join.room);
    if (incidentId) {
      this.client.setQueryData<Viewers>(queryKeys.viewersOf(incidentId), (data) => data && addUserToViewers(data, join));
    } else if (!join.room) {
      this.client.setQueryData<OnlineUsers>(queryKeys.onlineUsers, (data) => data && addUserToOnline(data, join));
    }
  }

  applyLeaveToCache(leave: PresenceLeave): void {
    const incidentId = readIncidentFromRoom(leave.room);
    if (incidentId) {
      removeTypistFromIncident(incidentId, leave.userId);
      this.client.setQueryData<Viewers>(
        queryKeys.viewersOf(incidentId),
        (data) => data && removeUserFromViewers(data, leave.userId),
      );
      return;
    }
    if (leave.room) return;
    removeTypistFromEverywhere(leave.userId);
    this.client.setQueryData<OnlineUsers>(
      queryKeys.onlineUsers,
      (data) => data && removeUserFromOnline(data, leave.userId),
    );
  }

  applyCountsToCache(counts: PresenceCounts): void {
    this.client.setQueryData<OnlineUsers>(queryKeys.onlineUsers, (data) => setCountsOfOnline(data, counts));
    if (counts.truncated) void this.client.invalidateQueries({ queryKey: queryKeys.onlineUsers });
  }

  setViewersOfIncident(incidentId: string, users: User[]): void {
    this.client.setQueryData<Viewers>(queryKeys.viewersOf(incidentId), { users, count: users.length });
  }

  forgetViewersOfIncident(incidentId: string): void {
    this.client.removeQueries({ queryKey: queryKeys.viewersOf(incidentId) });
  }
}
