import { describe, expect, it } from 'vitest';
import { replaceUserInData } from './people';
import { buildCommentForTest, buildIncidentForTest, harry, percy } from './testData';

const prefect = { ...harry, role: 'PREFECT' as const };

describe('a person who changed', () => {
  it('should be another wherever they are shown, and leave the rest as it is', () => {
    const pages = {
      pages: [
        { comments: [buildCommentForTest({ id: 'c1', author: harry }), buildCommentForTest({ id: 'c2', author: percy })], nextBefore: null },
        { comments: [buildCommentForTest({ id: 'c0', author: percy })], nextBefore: null },
      ],
      pageParams: [null, 'c1'],
    };
    const next = replaceUserInData(pages, prefect);
    expect(next.pages[0]?.comments.map((comment) => comment.author.role)).toEqual(['PREFECT', 'PREFECT']);
    expect(next.pages[0]?.comments[0]?.author).toEqual(prefect);
    expect(next.pages[0]?.comments[1]).toBe(pages.pages[0]?.comments[1]);
    expect(next.pages[1]).toBe(pages.pages[1]);
    expect(next.pageParams).toBe(pages.pageParams);
  });

  it('should be found in every part of an incident', () => {
    const incident = buildIncidentForTest({ id: 'i1', assignee: harry, resolvedBy: harry });
    const next = replaceUserInData(incident, prefect);
    expect([next.reportedBy.role, next.assignee?.role, next.resolvedBy?.role]).toEqual(['PREFECT', 'PREFECT', 'PREFECT']);
    expect({ ...next, reportedBy: harry, assignee: harry, resolvedBy: harry }).toEqual(incident);
  });

  it('should change nothing when they are as they were, or not there', () => {
    const incident = buildIncidentForTest({ id: 'i1' });
    expect(replaceUserInData(incident, { ...harry })).toBe(incident);
    expect(replaceUserInData(incident, percy)).toBe(incident);
    expect(replaceUserInData(undefined, percy)).toBeUndefined();
  });
});
