export { IncidentViewers } from './IncidentViewers';
export { OnlineCounts } from './OnlineCounts';
