import type { Incident } from '@owlpost/client';

/** What people change of an incident. */
export type EditableField = 'title' | 'description' | 'severity' | 'status' | 'location' | 'assignee';
export type IncidentEdit = Partial<Pick<Incident, EditableField>>;

const EDITABLE_FIELDS: readonly EditableField[] = ['title', 'description', 'severity', 'status', 'location', 'assignee'];

/** Two values of a field that mean the same: nothing and an empty text do, and so do two copies of one person. */
export function areFieldValuesEqual(a: unknown, b: unknown): boolean {
  const normalise = (value: unknown): unknown => {
    if (typeof value === 'string') return value.trim() || null;
    if (typeof value === 'object' && value !== null && 'id' in value) return value.id;
    return value ?? null;
  };
  return normalise(a) === normalise(b);
}

export function listFieldsOfEdit(edit: IncidentEdit): EditableField[] {
  return EDITABLE_FIELDS.filter((field) => edit[field] !== undefined);
}

/** Only what `mine` changes of `base`: a field that was not touched is never sent. */
export function pickChangedFieldsOfEdit(base: IncidentEdit, mine: IncidentEdit): IncidentEdit {
  const changed = listFieldsOfEdit(mine).filter((field) => !areFieldValuesEqual(mine[field], base[field]));
  return Object.fromEntries(changed.map((field) => [field, mine[field]]));
}

/** Fields of an edit that somebody else gave another value since `base`, and not the same one: only a person can choose. */
export function listCollisionsOfEdit(base: IncidentEdit, edit: IncidentEdit, latest: IncidentEdit): EditableField[] {
  return listFieldsOfEdit(edit).filter(
    (field) => !areFieldValuesEqual(base[field], latest[field]) && !areFieldValuesEqual(edit[field], latest[field]),
  );
}

/**
 * Brings an edit that began from `base` onto `latest`: what was not touched follows the others, what was touched stays. `collisions`
 * are the fields that both changed.
 */
export function mergeEditWithLatest(base: IncidentEdit, mine: IncidentEdit, latest: IncidentEdit) {
  const touched = pickChangedFieldsOfEdit(base, mine);
  const values = Object.fromEntries(listFieldsOfEdit(mine).map((field) => [field, field in touched ? mine[field] : latest[field]]));
  return { values: values as IncidentEdit, collisions: listCollisionsOfEdit(base, touched, latest) };
}

/** Takes back the fields of a refused change, unless somebody gave them another value meanwhile. */
export function revertRefusedFieldsOfEdit<T extends Incident>(current: T, refused: IncidentEdit, before: IncidentEdit): T {
  const mine = listFieldsOfEdit(refused).filter((field) => areFieldValuesEqual(current[field], refused[field]));
  return { ...current, ...Object.fromEntries(mine.map((field) => [field, before[field]])) };
}
