import { IncidentsPage } from '../../features/incidents';
import { useLayoutContext } from '../SignedInLayout';

export function IncidentsRoute() {
  const { onReport } = useLayoutContext();
  return <IncidentsPage onReport={onReport} />;
}
