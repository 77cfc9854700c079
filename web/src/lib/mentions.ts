import type { User } from '../generated';

export interface TextPart {
  text: string;
  mention: boolean;
}

// A handle may end in a sign, but not in a dot: that is the sentence's.
const MENTION = /(^|[^\w@.+-])@([a-z0-9._+-]*[a-z0-9_+-])/gi;

/** Cuts a comment into plain text and @mentions, in order. */
export function splitTextIntoMentions(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    const start = match.index + (match[1]?.length ?? 0);
    if (start > from) parts.push({ text: text.slice(from, start), mention: false });
    const end = match.index + match[0].length;
    parts.push({ text: text.slice(start, end), mention: true });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from), mention: false });
  return parts;
}

/** The handle being typed at the caret, or null when the caret is not in one. */
export function readMentionAtCaret(text: string, caret: number): { start: number; query: string } | null {
  const match = /(^|[^\w@.+-])@([\w.+-]*)$/.exec(text.slice(0, caret));
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

/** Those of `people` whom `query` means, by name or handle. */
export function keepPeopleMatchingQuery(people: User[], query: string): User[] {
  const wanted = query.toLowerCase();
  return people.filter(
    (user) => user.name.toLowerCase().includes(wanted) || user.handle.includes(wanted),
  );
}
