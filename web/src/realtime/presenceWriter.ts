import { type PresenceCounts, type PresenceJoin, type PresenceLeave, readIncidentFromRoom, type User } from '@owlpost/client';
import type { QueryClient } from '@tanstack/react-query';
import {
  addUserToOnline,
  addUserToViewers,
  doUsersFitCounts,
  type OnlineUsers,
  presenceKeys,
  removeUserFromOnline,
  removeUserFromViewers,
  setCountsOfOnline,
  type Viewers,
} from '../entities/presence';
import { isSamePerson } from '../lib/people';
import { replaceUserInCache } from './replaceUser';
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
    const known = this.client.getQueryData<OnlineUsers>(presenceKeys.online)?.users ?? [];
    const isChanged = known.length > 0 && !doUsersFitCounts(known, counts.byRole);
    if (counts.truncated || isChanged) void this.refetchOnlineUsers(known);
  }

  /** Whoever has another role than before has it wherever they are shown. */
  private async refetchOnlineUsers(before: readonly User[]): Promise<void> {
    await this.client.invalidateQueries({ queryKey: presenceKeys.online });
    const now = this.client.getQueryData<OnlineUsers>(presenceKeys.online)?.users ?? [];
    for (const user of now) {
      const known = before.find((each) => each.id === user.id);
      if (known && !isSamePerson(known, user)) replaceUserInCache(this.client, user);
    }
  }

  setViewersOfIncident(incidentId: string, users: User[]): void {
    this.client.setQueryData<Viewers>(presenceKeys.viewersOf(incidentId), { users, count: users.length });
  }

  forgetViewersOfIncident(incidentId: string): void {
    this.client.removeQueries({ queryKey: presenceKeys.viewersOf(incidentId) });
  }
}
