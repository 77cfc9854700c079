import type { UseFormReturnType } from '@mantine/form';
import type { Incident } from '@owlpost/client';
import { useEffect, useEffectEvent, useState } from 'react';
import {
  type EditableField,
  type IncidentEdit,
  type IncidentFormValues,
  mergeEditWithLatest,
  pickChangedFieldsOfEdit,
  readFormValuesFromIncident,
} from '../../entities/incident';
import type { FieldCollision } from './CollisionNotice';

/** An edit that follows what others change meanwhile: silently where it was not touched, with a question where it was. */
export function useIncidentEdit(form: UseFormReturnType<IncidentFormValues>, incident: Incident, begun: Incident = incident) {
  const [base, setBase] = useState(begun);
  const [open, setOpen] = useState<EditableField[]>([]);
  /** What the fields that are still to be chosen were before both changed them. */
  const [originals, setOriginals] = useState<IncidentEdit>({});

  const rebase = (latest: Incident) => {
    const { values, collisions } = mergeEditWithLatest(readFormValuesFromIncident(base), form.values, readFormValuesFromIncident(latest));
    form.setValues(values as IncidentFormValues);
    setOpen((before) => [...new Set([...before, ...collisions])]);
    setOriginals((before) => ({
      ...before,
      ...Object.fromEntries(collisions.filter((field) => !open.includes(field)).map((field) => [field, base[field]])),
    }));
    setBase(latest);
  };
  const follow = useEffectEvent(() => {
    if (incident.version > base.version) rebase(incident);
  });
  // The news comes from outside of React, by way of the cache, and the form is the one to be told.
  // eslint-disable-next-line react-hooks/set-state-in-effect
  useEffect(() => follow(), [incident.version]);

  const collisions: FieldCollision[] = open.map((field) => ({
    field,
    mine: form.values[field as keyof IncidentFormValues],
    theirs: base[field],
  }));
  const choose = (field: EditableField, choice: 'mine' | 'theirs') => {
    if (choice === 'theirs') form.setFieldValue(field, readFormValuesFromIncident(base)[field as keyof IncidentFormValues]);
    setOpen((before) => before.filter((each) => each !== field));
    setOriginals((before) => ({ ...before, [field]: undefined }));
  };
  const readChanges = (values: IncidentFormValues): IncidentEdit => pickChangedFieldsOfEdit(readFormValuesFromIncident(base), values);
  // A draft that is opened again asks again: it must not take the place of what nobody has decided on.
  const baseOfDraft = open.length > 0 ? { ...base, ...Object.fromEntries(open.map((field) => [field, originals[field]])), version: base.version - 1 } : base;
  return { base, baseOfDraft, collisions, choose, rebase, readChanges };
}
