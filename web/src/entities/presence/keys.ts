export const presenceKeys = {
  online: ['presence', 'online'] as const,
  viewers: ['presence', 'incident'] as const,
  viewersOf: (incidentId: string) => ['presence', 'incident', incidentId] as const,
};
