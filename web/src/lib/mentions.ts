import type { User } from '../generated';
import { listSpansOfProse } from './prose';

export interface TextPart {
  text: string;
  mention: boolean;
}

// What is behind an apostrophe may be of the handle or not; whose it is only the server knows.
const MENTION = /[@\uff20]([a-z0-9._+'-]*[a-z0-9_+'-])/gi;

/** Whether nothing before the sign belongs to it, as in an address, and no further sign follows. */
function standsByItself(text: string, start: number, end: number): boolean {
  const before = text.slice(0, start);
  if (/[@\uff20]$/.test(before) || /[a-z0-9][._+'-]*$/i.test(before.slice(-90))) return false;
  return !/^[.]*[@\uff20]/.test(text.slice(end));
}

/** Cuts a comment into plain text and @mentions, in order. Those in code, links and addresses are none. */
export function splitTextIntoMentions(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const span of listSpansOfProse(text)) {
    for (const match of text.slice(span.start, span.end).matchAll(MENTION)) {
      const start = span.start + match.index;
      const possessive = /'s$/i.exec(match[0])?.[0].length ?? 0;
      const end = start + match[0].length - possessive;
      if (!standsByItself(text, start, end + possessive)) continue;
      if (start > from) parts.push({ text: text.slice(from, start), mention: false });
      parts.push({ text: text.slice(start, end), mention: true });
      from = end;
    }
  }
  if (from < text.length) parts.push({ text: text.slice(from), mention: false });
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
