import type { User } from '@owlpost/client';
import { listSpansOfProse } from './prose';

export interface TextPart {
  text: string;
  /** Whom it mentions; null for what mentions nobody. */
  handle: string | null;
}

/** Longest handle: a local part of 64 characters, and the number of somebody who was not the first to have it. */
const HANDLE_CHARACTERS = 80;
const MENTION = /[@\uff20]([a-z0-9._+'-]*[a-z0-9_+'-])/gi;

interface Mention {
  start: number;
  /** The handles it may stand for, lower case, longest first. */
  candidates: string[];
}

/** Whether nothing before the sign belongs to it, as in an address, and no further sign follows. */
function standsByItself(text: string, start: number, end: number): boolean {
  const before = text.slice(0, start);
  if (/[@\uff20]$/.test(before) || /[a-z0-9][._+'-]*$/i.test(before.slice(-90))) return false;
  return !/^[.]*[@\uff20]/.test(text.slice(end));
}

/** A sign at the end may be of the handle or of the sentence, and so may what is behind an apostrophe. As `mentions.rs` has it. */
function listCandidatesOfWord(word: string): string[] {
  const shortest = Math.max(1, word.replace(/[.+_'-]+$/, '').length);
  return Array.from({ length: word.length }, (_, at) => word.length - at)
    .filter((end) => end >= shortest || word[end] === "'")
    .map((end) => word.slice(0, end))
    .filter((handle) => !handle.endsWith('.') && handle.length <= HANDLE_CHARACTERS);
}

/** What may be a mention, in order. What is in code, links and addresses is none. */
function findMentionsInText(text: string): Mention[] {
  return listSpansOfProse(text).flatMap((span) =>
    [...text.slice(span.start, span.end).matchAll(MENTION)].flatMap((match) => {
      const start = span.start + match.index;
      const candidates = listCandidatesOfWord((match[1] ?? '').toLowerCase());
      return standsByItself(text, start, start + match[0].length) ? [{ start, candidates }] : [];
    }),
  );
}

/** Every handle that a text may mention, each once. */
export function listHandlesMentionedInText(text: string): string[] {
  return [...new Set(findMentionsInText(text).flatMap((mention) => mention.candidates))];
}

/** Cuts a comment into plain text and mentions of known people, in order: an `@` before any other word is text like the rest. */
export function splitTextIntoMentions(text: string, knownHandles: readonly string[]): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const { start, candidates } of findMentionsInText(text)) {
    const handle = candidates.find((candidate) => knownHandles.includes(candidate));
    if (!handle) continue;
    const end = start + 1 + handle.length;
    if (start > from) parts.push({ text: text.slice(from, start), handle: null });
    parts.push({ text: text.slice(start, end), handle });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from), handle: null });
  return parts;
}

/** The handle being typed at the caret, or null when the caret is not in one. */
export function readMentionAtCaret(text: string, caret: number): { start: number; query: string } | null {
  const match = /(^|[^a-z0-9@._+'-])[@\uff20]([\p{L}\p{N}_.+'-]*)$/iu.exec(text.slice(0, caret));
  if (!match) return null;
  const query = match[2] ?? '';
  return { start: caret - query.length - 1, query };
}

/** Puts `@handle ` in place of what was being typed; answers the text and where the caret goes. */
export function insertMentionAtCaret(text: string, caret: number, user: User): { text: string; caret: number } {
  const mention = readMentionAtCaret(text, caret);
  if (!mention) return { text, caret };
  const inserted = `@${user.handle} `;
  const rest = text.slice(caret).replace(/^ /, '');
  return { text: text.slice(0, mention.start) + inserted + rest, caret: mention.start + inserted.length };
}

/** A text without accents and case, so that "zoe" finds Zoë. */
function foldTextForMatching(text: string): string {
  return text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
}

/** Those of `people` whom `query` means, by name, handle or address. */
export function keepPeopleMatchingQuery(people: User[], query: string): User[] {
  const wanted = foldTextForMatching(query);
  return people.filter((user) => [user.name, user.handle, user.email].some((text) => foldTextForMatching(text).includes(wanted)));
}
