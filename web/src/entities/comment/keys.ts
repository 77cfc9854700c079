export const commentKeys = {
  all: ['comments'] as const,
  of: (incidentId: string) => ['comments', incidentId] as const,
};
