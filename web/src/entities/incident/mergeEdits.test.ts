import { describe, expect, it } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../lib/testData';
import {
  areFieldValuesEqual,
  type EditableField,
  type IncidentEdit,
  listFieldsOfEdit,
  mergeEditWithLatest,
  pickChangedFieldsOfEdit,
  revertRefusedFieldsOfEdit,
} from './mergeEdits';

/** Every combination of three values for three fields, of base, mine and theirs: 19,683 cases. */
const values = {
  title: ['a', 'b', 'c'],
  severity: ['MISCHIEF', 'SERIOUS', 'CRITICAL'],
  assignee: [null, harry, percy],
} as const;
const fields = Object.keys(values) as (keyof typeof values)[];

function* listEveryEdit(): Generator<IncidentEdit> {
  for (const title of values.title) for (const severity of values.severity) for (const assignee of values.assignee) yield { title, severity, assignee };
}

function forEveryCase(check: (base: IncidentEdit, mine: IncidentEdit, latest: IncidentEdit) => string | null): string[] {
  const broken: string[] = [];
  for (const base of listEveryEdit()) for (const mine of listEveryEdit()) for (const latest of listEveryEdit()) {
    const why = check(base, mine, latest);
    if (why) broken.push(`${why}: ${JSON.stringify({ base, mine, latest })}`);
  }
  return broken;
}

describe('merging edits', () => {
  it('should send nothing that was not touched', () => {
    const broken = forEveryCase((base, mine, latest) => {
      const merged = mergeEditWithLatest(base, mine, latest);
      const sent = pickChangedFieldsOfEdit(latest, merged.values);
      const wrong = listFieldsOfEdit(sent).find((field) => areFieldValuesEqual(base[field], mine[field]));
      return wrong ? `${wrong} was sent` : null;
    });
    expect(broken).toEqual([]);
  });

  it('should lose nothing that the other wrote without asking', () => {
    const broken = forEveryCase((base, mine, latest) => {
      const { values: merged, collisions } = mergeEditWithLatest(base, mine, latest);
      const lost = fields.find(
        (field) =>
          !areFieldValuesEqual(base[field], latest[field]) &&
          !areFieldValuesEqual(merged[field], latest[field]) &&
          !collisions.includes(field as EditableField),
      );
      return lost ? `${lost} was lost` : null;
    });
    expect(broken).toEqual([]);
  });

  it('should keep what I wrote, and ask only about what both changed', () => {
    const broken = forEveryCase((base, mine, latest) => {
      const { values: merged, collisions } = mergeEditWithLatest(base, mine, latest);
      for (const field of fields) {
        const touched = !areFieldValuesEqual(base[field], mine[field]);
        if (touched && !areFieldValuesEqual(merged[field], mine[field])) return `${field} of mine was lost`;
        if (!touched && collisions.includes(field)) return `${field} was asked for nothing`;
        if (areFieldValuesEqual(base[field], latest[field]) && collisions.includes(field)) return `${field} did not collide`;
      }
      return null;
    });
    expect(broken).toEqual([]);
  });

  it('should take an empty text for nothing, and spaces around it for none', () => {
    expect(pickChangedFieldsOfEdit({ location: null, title: 'Troll' }, { location: '  ', title: 'Troll ' })).toEqual({});
    expect(pickChangedFieldsOfEdit({ location: 'Hall' }, { location: '' })).toEqual({ location: '' });
  });

  it('should take back a refused change, and leave what others wrote meanwhile', () => {
    const current = buildIncidentForTest({ id: 'i1', severity: 'SERIOUS', status: 'IN_PROGRESS', location: 'Hall', version: 3 });
    const reverted = revertRefusedFieldsOfEdit(
      current,
      { severity: 'SERIOUS', status: 'OPEN' },
      { severity: 'MISCHIEF', status: 'RESOLVED' },
    );
    expect(reverted).toEqual({ ...current, severity: 'MISCHIEF' });
  });
});
