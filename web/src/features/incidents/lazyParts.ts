import { createLazyPart } from '../../components/createLazyPart';

/** What no first screen shows: its code comes after the page. */
export const EditIncidentModal = createLazyPart(async () => (await import('./EditIncidentModal')).EditIncidentModal);
export const IncidentStory = createLazyPart(async () => (await import('./IncidentStory')).IncidentStory);
export const ReportIncidentModal = createLazyPart(async () => (await import('./ReportIncidentModal')).ReportIncidentModal);
export const ResolveIncidentModal = createLazyPart(async () => (await import('./ResolveIncidentModal')).ResolveIncidentModal);
export const VirtualIncidentRows = createLazyPart(async () => (await import('./VirtualIncidentRows')).VirtualIncidentRows);

/** Who opens one of them when the line is cut finds it there. */
export function preloadPartsOfIncidents(): void {
  for (const part of [ReportIncidentModal, IncidentStory, EditIncidentModal, ResolveIncidentModal]) void part.preload();
}
