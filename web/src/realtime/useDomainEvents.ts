import type { DomainEventListener } from '@owlpost/client';
import { useEffect, useEffectEvent } from 'react';
import { useConnection } from './context';

/** Calls the listener for every durable event, once, after the query cache holds it. */
export function useDomainEvents(listener: DomainEventListener): void {
  const connection = useConnection();
  const onEvent = useEffectEvent(listener);
  useEffect(() => connection.subscribe((event, meta) => onEvent(event, meta)), [connection]);
}
