import type { IncidentReceipts } from '@owlpost/client';
import type { ReceiptsOfIncident } from '@owlpost/client/rest';

/** What the room is told of whom it reached: at most 50 people, and not who is online. */
export function applyReceiptsToCached(data: ReceiptsOfIncident, told: IncidentReceipts): ReceiptsOfIncident {
  const known = new Map(told.people.map((person) => [person.user.id, person]));
  const people = data.people.map((person) => {
    const now = known.get(person.user.id);
    known.delete(person.user.id);
    return now ? { ...person, deliveredAt: now.deliveredAt, seenAt: now.seenAt } : person;
  });
  const added = [...known.values()].map((person) => ({
    ...person,
    toldAt: new Date().toISOString(),
    readAt: null,
    isOnline: person.deliveredAt !== null,
    offlineSince: null,
  }));
  const { told: count, delivered, seen, acknowledged } = told;
  return { ...data, told: count, delivered, seen, acknowledged, people: [...added, ...people] };
}
