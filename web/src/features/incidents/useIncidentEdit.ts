import type { UseFormReturnType } from '@mantine/form';
import { useEffect, useEffectEvent, useState } from 'react';
import { type EditableField, type IncidentEdit, mergeEditWithLatest, pickChangedFieldsOfEdit } from '../../entities/incident';
import type { Incident } from '../../generated';
import type { FieldCollision } from './CollisionNotice';
import type { IncidentFormValues } from './IncidentFields';

export function readFormValuesFromIncident(incident: Incident): IncidentFormValues {
  const { title, description, severity, location } = incident;
  return { title, description: description ?? '', severity, location: location ?? '' };
}

/** An edit that follows what others change meanwhile: silently where it was not touched, with a question where it was. */
export function useIncidentEdit(form: UseFormReturnType<IncidentFormValues>, incident: Incident, begun: Incident = incident) {
  const [base, setBase] = useState(begun);
  const [open, setOpen] = useState<EditableField[]>([]);

  const rebase = (latest: Incident) => {
    const { values, collisions } = mergeEditWithLatest(readFormValuesFromIncident(base), form.values, readFormValuesFromIncident(latest));
    form.setValues(values as IncidentFormValues);
    setOpen((before) => [...new Set([...before, ...collisions])]);
    setBase(latest);
  };
  const follow = useEffectEvent(() => {
    if (incident.version > base.version) rebase(incident);
  });
  useEffect(() => follow(), [incident.version]);

  const collisions: FieldCollision[] = open.map((field) => ({
    field,
    mine: form.values[field as keyof IncidentFormValues],
    theirs: base[field],
  }));
  const choose = (field: EditableField, choice: 'mine' | 'theirs') => {
    if (choice === 'theirs') form.setFieldValue(field, readFormValuesFromIncident(base)[field as keyof IncidentFormValues]);
    setOpen((before) => before.filter((each) => each !== field));
  };
  const readChanges = (values: IncidentFormValues): IncidentEdit => pickChangedFieldsOfEdit(readFormValuesFromIncident(base), values);
  return { base, collisions, choose, rebase, readChanges };
}
