import { useQueuedWrites } from '../../realtime';

/** Whether a person waits for their own word to arrive, so that they need not give it twice. */
export function useWaitingFor(kind: 'take' | 'resolve', incidentId: string): boolean {
  return useQueuedWrites().some(({ write, refusal }) => !refusal && write.kind === kind && write.incidentId === incidentId);
}
