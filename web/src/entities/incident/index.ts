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
export { type EditDraft, type IncidentFormValues, readFormValuesFromIncident } from './formValues';
export { incidentKeys } from './keys';
export { severityLabels, shortenIncidentIdForPeople, statusLabels, writeFieldValueForPeople } from './labels';
export {
  type EditableField,
  type IncidentEdit,
  listCollisionsOfEdit,
  mergeEditWithLatest,
  pickChangedFieldsOfEdit,
} from './mergeEdits';
export { mayUserAcknowledgeIncident, mayUserAssignIncidents, mayUserUpdateIncident } from './permissions';
export { applyEventToIncident, reduceIncidentPagesWithEvent } from './reduceEvents';
export {
  EditCollision,
  fetchFreshIncidentIntoCache,
  fetchIncidentById,
  type IncidentUpdate,
  saveEditUnlessCollided,
} from './saveEdit';
export type { IncidentDetail, IncidentPage, IncidentPages } from './types';
