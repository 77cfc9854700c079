import { beforeEach, describe, expect, it } from 'vitest';
import { DRAFT_LIFETIME_MS, MOST_DRAFTS, openDraftOfPerson, putDraftWithinBounds } from './drafts';

describe('drafts', () => {
  beforeEach(() => localStorage.clear());

  it('should keep as many as the bound, and forget the oldest of one more', () => {
    let drafts = {};
    for (let at = 1; at <= MOST_DRAFTS; at += 1) drafts = putDraftWithinBounds(drafts, `comment/${at}`, 'words', at);
    expect(Object.keys(drafts)).toHaveLength(MOST_DRAFTS);
    expect(drafts).toHaveProperty(['comment/1']);
    drafts = putDraftWithinBounds(drafts, 'comment/new', 'words', MOST_DRAFTS + 1);
    expect(Object.keys(drafts)).toHaveLength(MOST_DRAFTS);
    expect(drafts).not.toHaveProperty(['comment/1']);
    expect(drafts).toHaveProperty(['comment/new']);
  });

  it('should keep a draft for its lifetime, and not a moment longer', () => {
    const drafts = putDraftWithinBounds({}, 'a', 'words', 0);
    expect(putDraftWithinBounds(drafts, 'b', 'words', DRAFT_LIFETIME_MS - 1)).toHaveProperty('a');
    expect(putDraftWithinBounds(drafts, 'b', 'words', DRAFT_LIFETIME_MS)).not.toHaveProperty('a');
  });

  it('should show a person only their own, and forget what was sent', () => {
    const mine = openDraftOfPerson<string>('harry', 'comment', 'i1');
    mine.write('words');
    expect(mine.read()).toBe('words');
    expect(openDraftOfPerson('draco', 'comment', 'i1').read()).toBeUndefined();
    expect(openDraftOfPerson('harry', 'comment', 'i2').read()).toBeUndefined();
    mine.write(undefined);
    expect(mine.read()).toBeUndefined();
  });

  it('should take what is broken for nothing', () => {
    localStorage.setItem('owlpost.drafts.ron', '{"comment/i1":7,"comment/i2":[');
    expect(openDraftOfPerson('ron', 'comment', 'i1').read()).toBeUndefined();
  });
});
