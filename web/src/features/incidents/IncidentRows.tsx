import type { Incident } from '../../generated';
import { IncidentRow } from './IncidentRow';
import classes from './IncidentList.module.css';

export interface IncidentRowsProps {
  incidents: readonly Incident[];
  /** Whether there are more than these. */
  hasMore: boolean;
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
