/** What happened to an incident, and whom it reached. */
export const activityKeys = {
  receiptsOf: (incidentId: string) => ['receipts', incidentId] as const,
  timelineOf: (incidentId: string) => ['timeline', incidentId] as const,
  incidentAt: (incidentId: string, time: string) => ['past', incidentId, time] as const,
};
