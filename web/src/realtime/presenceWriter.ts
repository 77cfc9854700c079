import type { QueryClient } from '@tanstack/react-query';
import {
  addUserToOnline,
  addUserToViewers,
  type OnlineUsers,
  presenceKeys,
  removeUserFromOnline,
  removeUserFromViewers,
  setCountsOfOnline,
  type Viewers,
} from '../entities/presence';
import type { PresenceCounts, PresenceJoin, PresenceLeave, User } from '../generated';
import { readIncidentFromRoom } from './events';
import { removeTypistFromEverywhere, removeTypistFromIncident } from './typingStore';

/** Writes who is online and who looks at what into the query cache. */
export class PresenceWriter {
  constructor(private readonly client: QueryClient) {}

  applyJoinToCache(join: PresenceJoin): void {
    const incidentId = readIncidentFromRoom(join.room);
    if (incidentId) {
      this.client.setQueryData<Viewers>(presenceKeys.viewersOf(incidentId), (data) => data && addUserToViewers(data, join));
    } else if (!join.room) {
      this.client.setQueryData<OnlineUsers>(presenceKeys.online, (data) => data && addUserToOnline(data, join));
    }
  }

  applyLeaveToCache(leave: PresenceLeave): void {
    const incidentId = readIncidentFromRoom(leave.room);
    if (incidentId) {
      removeTypistFromIncident(incidentId, leave.userId);
      this.client.setQueryData<Viewers>(
        presenceKeys.viewersOf(incidentId),
        (data) => data && removeUserFromViewers(data, leave.userId),
      );
      return;
    }
    if (leave.room) return;
    removeTypistFromEverywhere(leave.userId);
    this.client.setQueryData<OnlineUsers>(
      presenceKeys.online,
      (data) => data && removeUserFromOnline(data, leave.userId),
    );
  }

  applyCountsToCache(counts: PresenceCounts): void {
    this.client.setQueryData<OnlineUsers>(presenceKeys.online, (data) => setCountsOfOnline(data, counts));
    if (counts.truncated) void this.client.invalidateQueries({ queryKey: presenceKeys.online });
  }

  setViewersOfIncident(incidentId: string, users: User[]): void {
    this.client.setQueryData<Viewers>(presenceKeys.viewersOf(incidentId), { users, count: users.length });
  }

  forgetViewersOfIncident(incidentId: string): void {
    this.client.removeQueries({ queryKey: presenceKeys.viewersOf(incidentId) });
  }
}
