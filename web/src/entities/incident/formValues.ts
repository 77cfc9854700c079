import type { Incident, Severity } from '@owlpost/client';

/** What the forms of reporting and editing hold. */
export interface IncidentFormValues {
  title: string;
  description: string;
  severity: Severity;
  location: string;
}

export function readFormValuesFromIncident(incident: Incident): IncidentFormValues {
  const { title, description, severity, location } = incident;
  return { title, description: description ?? '', severity, location: location ?? '' };
}

/** An edit that was begun: what it says, and the incident it was begun from. */
export interface EditDraft {
  values: IncidentFormValues;
  base: Incident;
}
