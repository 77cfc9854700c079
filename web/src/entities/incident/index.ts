export { findIncidentInCache, findIncidentInLists, patchIncidentInCache, revertIncidentInCache } from './cache';
export {
  areSameFilters,
  filtersOfDuty,
  matchIncidentAgainstFilters,
  readFiltersFromSearchParams,
  readSortOfFilters,
  writeFiltersToSearchParams,
  type IncidentFilters,
  type IncidentSort,
} from './filters';
export { incidentKeys } from './keys';
export { severityLabels, shortenIncidentIdForPeople, statusLabels } from './labels';
export {
  areFieldValuesEqual,
  type EditableField,
  type IncidentEdit,
  listFieldsOfEdit,
  mergeEditWithLatest,
  pickChangedFieldsOfEdit,
} from './mergeEdits';
export {
  mayUserAcknowledgeIncident,
  mayUserAssignIncidents,
  mayUserBeAssigned,
  mayUserUpdateIncident,
} from './permissions';
export { applyEventToIncident, reduceIncidentPagesWithEvent } from './reduceEvents';
export type { IncidentDetail, IncidentPage, IncidentPages } from './types';
