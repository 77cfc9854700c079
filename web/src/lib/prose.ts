/** What of a text is prose: all but code and links, as Markdown and people write them. As `mentions/prose.rs` has it. */
export interface Span {
  start: number;
  end: number;
}

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** Printable ASCII but brackets, quotes and spaces. */
const LINK_WORD = /[^\s<>()[\]{}"\u007f-\uffff]+/g;

export function listSpansOfProse(text: string): Span[] {
  return listSpansOutsideCode(text).flatMap((span) => listSpansWithoutLinks(text, span));
}

/** All but code: links are among it. */
export function listSpansOutsideCode(text: string): Span[] {
  return listBlocksWithoutFences(text).flatMap((block) => listSpansWithoutCode(text, block));
}

/** The parts between fences. A fence that is not closed goes to the end. */
function listBlocksWithoutFences(text: string): Span[] {
  const blocks: Span[] = [];
  let start = 0;
  let at = 0;
  let open: string | null = null;
  for (const line of text.split(/(?<=\n)/)) {
    const mark = FENCE.exec(line.replace(/\n$/, ''))?.[1];
    if (mark && open === null) {
      blocks.push({ start, end: at });
      open = mark;
    } else if (mark && open !== null && mark[0] === open[0] && mark.length >= open.length) {
      open = null;
      start = at + line.length;
    }
    at += line.length;
  }
  if (open === null) blocks.push({ start, end: text.length });
  return blocks;
}

/** The parts outside runs of backticks that are closed by as many in the same paragraph. */
function listSpansWithoutCode(text: string, block: Span): Span[] {
  const spans: Span[] = [];
  let { start } = block;
  let at = start;
  for (;;) {
    const opens = text.indexOf('`', at);
    if (opens < 0 || opens >= block.end) break;
    const marks = /^`+/.exec(text.slice(opens, block.end))?.[0].length ?? 1;
    const inside = opens + marks;
    const paragraph = text.slice(inside, block.end).split('\n\n')[0] ?? '';
    const closing = [...paragraph.matchAll(/`+/g)].find(([run]) => run.length === marks);
    if (closing) {
      spans.push({ start, end: opens });
      start = inside + closing.index + marks;
    }
    at = closing ? start : inside;
  }
  spans.push({ start, end: block.end });
  return spans;
}

/** A link ends at a space, a bracket, a quote, or where another script begins. */
function listSpansWithoutLinks(text: string, span: Span): Span[] {
  const spans: Span[] = [];
  let { start } = span;
  for (const word of text.slice(span.start, span.end).matchAll(LINK_WORD)) {
    if (!isLinkOfAnything(word[0])) continue;
    spans.push({ start, end: span.start + word.index });
    start = span.start + word.index + word[0].length;
  }
  spans.push({ start, end: span.end });
  return spans;
}

/** Also an address of a page without its scheme: a name with a dot, and a slash behind it. */
function isLinkOfAnything(word: string): boolean {
  const host = word.includes('/') ? word.slice(0, word.indexOf('/')) : '';
  if (/^[a-z0-9-][a-z0-9.-]*[a-z0-9-]$/i.test(host) && host.includes('.')) return true;
  return /:\/\/|www\.|mailto:/i.test(word);
}
