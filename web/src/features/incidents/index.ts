import { createLazyPart } from '../../components/createLazyPart';

export { AlertBar } from './alerts/AlertBar';
export { useIncident } from './api/getIncident';
export { IncidentDescription } from './IncidentDescription';
export { IncidentHeader } from './IncidentHeader';
export { IncidentsPage } from './IncidentsPage';
export { IncidentToasts } from './IncidentToasts';
export { PropertiesPanel } from './PropertiesPanel';
export const IncidentStory = createLazyPart(async () => (await import('./IncidentStory')).IncidentStory);
export { ReportIncidentModal } from './ReportIncidentModal';
export { useTakeKey } from './useTakeKey';
export { ViewLinks } from './ViewLinks';
