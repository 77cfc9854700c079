import type { Incident } from '@owlpost/client';
import { IncidentRow } from './IncidentRow';
import type { ListPlace } from './listPlace';
import classes from './IncidentList.module.css';

export interface IncidentRowsProps {
  incidents: readonly Incident[];
  /** Whether there are more than these. */
  hasMore: boolean;
  /** Where its reader was when they left it. */
  start: ListPlace | null;
}

/** All rows at once: for one page of them, and for paper. */
export function IncidentRows({ incidents }: IncidentRowsProps) {
  return (
    <ul className={classes.list} aria-label="Incidents">
      {incidents.map((incident) => (
        <li key={incident.id}>
          <IncidentRow incident={incident} />
        </li>
      ))}
    </ul>
  );
}
