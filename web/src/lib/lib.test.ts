import { OwlPostError, type User } from '@owlpost/client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readFieldErrorsFromServer } from './apiError';
import { joinNamesForReading } from './labels';
import { insertMentionAtCaret, keepPeopleMatchingQuery, listHandlesMentionedInText, readMentionAtCaret, splitTextIntoMentions } from './mentions';
import { createPersistedStoreForKey } from './persistedStore';
import { credentials } from './server';
import { saveSessionFromTokenAnswer, sessionStore } from './session';
import { signedOutStore } from './signedOut';
import { formatTimeFromNow } from './time';

const harry: User = { id: 'u1', email: 'harry.potter@hogwarts.edu', name: 'Harry Potter', role: 'STUDENT', handle: 'harry.potter' };

describe('mentions', () => {
  const mentions = (text: string, known = ['harry', 'harry.potter', 'ron', 'b']) =>
    splitTextIntoMentions(text, known).filter((part) => part.handle !== null).map((part) => part.text);

  it('should be found as the server finds them', () => {
    expect(mentions('@harry.potter, ask (@ron).')).toEqual(['@harry.potter', '@ron']);
    expect(mentions('mail harry@hogwarts.edu, @ nothing, a@@b')).toEqual([]);
    for (const text of ['请@harry看一下', '＠harry お願い', '**@harry** look', '_@harry_', '- @harry', '[@harry]', '“@harry”', "@harry's owl", '@harry—now', '@harry。']) {
      expect(mentions(text), text).toEqual([text.includes('＠') ? '＠harry' : '@harry']);
    }
    for (const text of ['https://x.example/@harry/1', '[post](https://x.example/@harry)', 'x.example/@harry', '`@harry`', '```\n@harry\n```', '@harry@hogwarts.social', 'first.@harry']) {
      expect(mentions(text), text).toEqual([]);
    }
    expect(mentions('`code` @harry `more`')).toEqual(['@harry']);
    expect(mentions('cc/@harry/@ron')).toEqual(['@harry', '@ron']);
    expect(splitTextIntoMentions('a @b c', ['b']).map((part) => part.text).join('')).toBe('a @b c');
  });

  it('should name people that there are, and nobody else', () => {
    expect(splitTextIntoMentions('Ask @nobody and @Harry.', ['harry'])).toEqual([
      { text: 'Ask @nobody and ', handle: null },
      { text: '@Harry', handle: 'harry' },
      { text: '.', handle: null },
    ]);
    expect(splitTextIntoMentions('@Override', [])).toEqual([{ text: '@Override', handle: null }]);
  });

  it('should mean the longest handle that is somebody’s', () => {
    expect(mentions("@o'brien's wand", ["o'brien", 'o'])).toEqual(["@o'brien"]);
    expect(mentions('@snape_ and @snape', ['snape', 'snape_'])).toEqual(['@snape_', '@snape']);
    expect(mentions('@harry-', ['harry'])).toEqual(['@harry']);
    expect(listHandlesMentionedInText("@Harry's and @ron, @ron")).toEqual(["harry's", 'harry', 'ron']);
    expect(listHandlesMentionedInText(`@${'a'.repeat(81)}`)).toEqual([]);
  });

  it('should be completed where the caret is', () => {
    expect(readMentionAtCaret('Ask @har', 8)).toEqual({ start: 4, query: 'har' });
    expect(readMentionAtCaret('mail a@har', 10)).toBeNull();
    expect(insertMentionAtCaret('Ask @har about it', 8, harry)).toEqual({ text: 'Ask @harry.potter about it', caret: 18 });
    for (const query of ['', 'Har', 'pott']) expect(keepPeopleMatchingQuery([harry], query)).toEqual([harry]);
    expect(keepPeopleMatchingQuery([harry], 'ced')).toEqual([]);
  });
});

describe('errors of the server', () => {
  it('should be put at their fields', () => {
    const error = new OwlPostError('VALIDATION_ERROR', 'title: must not be empty', 400, { field: 'title' });
    expect(readFieldErrorsFromServer(error)).toEqual({ title: 'Must not be empty' });
    expect(readFieldErrorsFromServer(new OwlPostError('CONFLICT', 'taken', 409))).toEqual({});
  });
});

describe('words for people', () => {
  it('should name one, two and many', () => {
    expect(joinNamesForReading(['Ron'])).toBe('Ron');
    expect(joinNamesForReading(['Ron', 'Harry'])).toBe('Ron and Harry');
    expect(joinNamesForReading(['Ron', 'Harry', 'Luna', 'Neville'])).toBe('Ron, Harry and 2 others');
  });

  it('should tell a time from now', () => {
    const now = Date.parse('2026-01-01T12:00:00.000Z');
    expect(formatTimeFromNow('2026-01-01T11:59:30.000Z', now)).toBe('just now');
    expect(formatTimeFromNow('2026-01-01T10:00:00.000Z', now)).toBe('2h ago');
  });
});

describe('a stored value', () => {
  beforeEach(() => localStorage.clear());

  it('should tell all readers at once when another tab changes it', () => {
    const store = createPersistedStoreForKey('k', (stored) => (stored as number | null) ?? 0);
    const seen: number[] = [];
    store.subscribe(() => seen.push(store.get()));
    store.subscribe(() => seen.push(store.get()));
    localStorage.setItem('k', '7');
    window.dispatchEvent(new StorageEvent('storage', { key: 'k' }));
    expect(seen).toEqual([7, 7]);
  });

  it('should survive nonsense', () => {
    localStorage.setItem('k', '{');
    expect(createPersistedStoreForKey('k', (stored) => stored).get()).toBeNull();
  });
});

describe('renewing a session', () => {
  beforeEach(() => sessionStore.set(null));
  const answer = (token: string) => ({ user: harry, accessToken: token, refreshToken: `r-${token}`, expiresIn: 900 });

  it('should use what another tab has got meanwhile', async () => {
    saveSessionFromTokenAnswer(answer('new'));
    const fetched = vi.spyOn(globalThis, 'fetch');
    expect((await credentials.renew('old'))?.accessToken).toBe('new');
    expect(fetched).not.toHaveBeenCalled();
  });

  it('should say why a session has ended that the server refuses', async () => {
    saveSessionFromTokenAnswer(answer('old'));
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('{}', { status: 401 }));
    expect(await credentials.renew('old')).toBeNull();
    expect(sessionStore.get()).toBeNull();
    expect(signedOutStore.get()).toBe('ended');
  });
});
