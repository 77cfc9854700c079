import { Button, type ButtonProps } from '@mantine/core';
import type { Incident } from '@owlpost/client';
import { IconHandStop } from '@tabler/icons-react';
import { mayUserAcknowledgeIncident } from '../../entities/incident';
import { useCurrentUser } from '../../lib/session';
import { useWaitingFor } from './useWaitingFor';
import { useAcknowledgeIncident } from './api/acknowledgeIncident';

/** On a tint of itself, or on nothing. */
const READABLE_RED = 'light-dark(#8f1515, #ffc9c9)';

/** `keys`: where it is the one that a key is meant for. */
type Props = { incident: Incident; keys?: string } & Pick<ButtonProps, 'variant' | 'size'>;

export function isIncidentToBeTaken(incident: Incident): boolean {
  return incident.acknowledgedAt === null && incident.status !== 'RESOLVED';
}

/** "I have it", for who may say so of what nobody has. */
export function TakeItButton({ incident, variant = 'filled', size = 'compact-sm', keys }: Props) {
  const me = useCurrentUser();
  const { mutate, isPending } = useAcknowledgeIncident();
  const isWaiting = useWaitingFor('take', incident.id);
  if (!isIncidentToBeTaken(incident) || !mayUserAcknowledgeIncident(me, incident)) return null;
  return (
    <Button
      size={size}
      variant={variant}
      color={variant === 'white' ? '#a61e1e' : 'red.9'}
      c={variant === 'subtle' ? (incident.severity === 'CRITICAL' ? READABLE_RED : 'dimmed') : undefined}
      leftSection={<IconHandStop size={15} aria-hidden />}
      loading={isPending}
      disabled={isWaiting}
      aria-keyshortcuts={keys}
      aria-label={`Take it: ${incident.title}`}
      onClick={() => mutate(incident)}
    >
      {isWaiting ? 'Waiting…' : 'Take it'}
    </Button>
  );
}
