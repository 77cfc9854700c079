import type { User } from '@owlpost/client';

/** Whether nothing of what is shown of a person, or decides what they may do, differs. */
export function isSamePerson(one: User, other: User): boolean {
  return one.id === other.id && one.role === other.role && one.name === other.name && one.email === other.email && one.handle === other.handle;
}

function isUserWithId(data: object, id: string): data is User {
  return 'role' in data && 'handle' in data && 'id' in data && data.id === id;
}

/** What the server sent, with a person as they are by now, wherever in it they are. What does not hold them stays the same object. */
export function replaceUserInData<T>(data: T, user: User): T {
  if (typeof data !== 'object' || data === null) return data;
  if (isUserWithId(data, user.id)) return isSamePerson(data, user) ? data : ({ ...data, ...user } as T);
  const entries = Object.entries(data).map(([key, value]) => [key, value, replaceUserInData<unknown>(value, user)] as const);
  if (entries.every(([, before, after]) => before === after)) return data;
  const values = entries.map(([key, , after]) => [key, after] as const);
  return (Array.isArray(data) ? values.map(([, after]) => after) : Object.fromEntries(values)) as T;
}
