import type { PresenceCounts, PresenceJoin, Role, User } from '@owlpost/client';
import type { OnlineUsers, Viewers } from './types';

function addUserUnlessPresent(users: User[], user: User): User[] {
  return users.some((each) => each.id === user.id) ? users : [...users, user];
}

export function addUserToOnline(data: OnlineUsers, join: PresenceJoin): OnlineUsers {
  return join.user ? { ...data, users: addUserUnlessPresent(data.users, join.user) } : data;
}

export function removeUserFromOnline(data: OnlineUsers, userId: string): OnlineUsers {
  return { ...data, users: data.users.filter((each) => each.id !== userId) };
}

export function setCountsOfOnline(data: OnlineUsers | undefined, counts: PresenceCounts): OnlineUsers {
  return { users: data?.users ?? [], total: counts.total, byRole: counts.byRole };
}

/** Whether the people known to be online are as many of each role as the server counts: no event says whose role changed. */
export function doUsersFitCounts(users: readonly User[], byRole: PresenceCounts['byRole']): boolean {
  const roles = Object.keys(byRole) as Role[];
  return roles.every((role) => users.filter((user) => user.role === role).length === byRole[role]);
}

export function addUserToViewers(data: Viewers, join: PresenceJoin): Viewers {
  const users = join.user ? addUserUnlessPresent(data.users, join.user) : data.users;
  return { users, count: users.length };
}

export function removeUserFromViewers(data: Viewers, userId: string): Viewers {
  const users = data.users.filter((each) => each.id !== userId);
  return { users, count: users.length };
}
