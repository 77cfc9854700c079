import { Stack } from '@mantine/core';
import { ReceiptsPanel } from './ReceiptsPanel';
import { IncidentTimeline } from './timeline/IncidentTimeline';

/** Whom an incident reached, and everything that happened to it. */
export function IncidentStory({ incidentId, ready }: { incidentId: string; ready: boolean }) {
  return (
    <Stack gap="lg">
      <ReceiptsPanel incidentId={incidentId} ready={ready} />
      <IncidentTimeline key={incidentId} incidentId={incidentId} ready={ready} />
    </Stack>
  );
}
