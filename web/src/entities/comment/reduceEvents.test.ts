import { describe, expect, it } from 'vitest';
import { buildCommentForTest, buildEventForTest, harry, percy } from '../../lib/testData';
import {
  appendCommentToPages,
  type CommentPages,
  listCommentsOldestFirst,
  type ListedComment,
  reduceCommentPagesWithEvent,
  removeCommentFromPages,
} from '.';

const pages = (...lists: ListedComment[][]): CommentPages => ({
  pages: lists.map((comments) => ({ comments, nextBefore: null })),
  pageParams: lists.map(() => null),
});
const ids = (data: CommentPages) => listCommentsOldestFirst(data).map((comment) => comment.id);

describe('comments', () => {
  it('should read from the oldest page to the latest', () => {
    const latest = [buildCommentForTest({ id: 'c3' })];
    const older = [buildCommentForTest({ id: 'c1' }), buildCommentForTest({ id: 'c2' })];
    expect(ids(pages(latest, older))).toEqual(['c1', 'c2', 'c3']);
  });

  it('should append once, whatever comes first: the event or the answer', () => {
    const pending: ListedComment = { ...buildCommentForTest({ id: 'key', content: 'Hello' }), pending: true };
    const real = buildCommentForTest({ id: 'c1', content: 'Hello' });
    const event = buildEventForTest('comment:created', { comment: real, incidentId: 'i1', author: harry });
    const waiting = appendCommentToPages(pages([]), pending);
    const eventFirst = reduceCommentPagesWithEvent(waiting, event, 'i1');
    expect(ids(eventFirst)).toEqual(['c1']);
    expect(ids(appendCommentToPages(removeCommentFromPages(eventFirst, 'key'), real))).toEqual(['c1']);
    const answerFirst = appendCommentToPages(removeCommentFromPages(waiting, 'key'), real);
    expect(ids(reduceCommentPagesWithEvent(answerFirst, event, 'i1'))).toEqual(['c1']);
  });

  it('should keep pending comments last', () => {
    const pending: ListedComment = { ...buildCommentForTest({ id: 'key', content: 'Mine' }), pending: true };
    const theirs = buildCommentForTest({ id: 'c2', content: 'Theirs', author: percy });
    const data = appendCommentToPages(appendCommentToPages(pages([]), pending), theirs);
    expect(ids(data)).toEqual(['c2', 'key']);
  });

  it('should remove a deleted comment, and ignore another incident', () => {
    const data = pages([buildCommentForTest({ id: 'c1' })]);
    const event = buildEventForTest('comment:deleted', { commentId: 'c1', incidentId: 'i1' });
    expect(ids(reduceCommentPagesWithEvent(data, event, 'i1'))).toEqual([]);
    expect(reduceCommentPagesWithEvent(data, event, 'i2')).toBe(data);
  });
});
