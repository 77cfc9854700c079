import { listSpansOutsideCode } from './prose';

export interface LinkPart {
  text: string;
  /** Where it leads; null for what is no link. */
  href: string | null;
}

/** Addresses that a page may open: never a script. East Asian text goes on behind a link without a space. */
const LINK = /\b(?:https?:\/\/|mailto:|www\.)[^\s<>"\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+/gi;

/** What ends a sentence, or closes a bracket that was opened before the link, is not of the link. */
function trimEndOfLink(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? '';
    const opens = link.slice(0, end).split('(').length;
    const closes = link.slice(0, end).split(')').length;
    const isOfSentence = /[.,;:!?'*_~\]}]/.test(last) || (last === ')' && closes > opens);
    if (!isOfSentence) return link.slice(0, end);
    end -= 1;
  }
}

function readAddressOfLink(link: string): string | null {
  try {
    const url = new URL(/^www\./i.test(link) ? `https://${link}` : link);
    const isAddress = url.protocol === 'mailto:' ? url.pathname.includes('@') : url.hostname.includes('.') || url.hostname === 'localhost';
    return isAddress ? url.href : null;
  } catch {
    return null;
  }
}

/** Cuts a text into what is a link and what is not, in order. Code has none. */
export function splitTextIntoLinks(text: string): LinkPart[] {
  const parts: LinkPart[] = [];
  let from = 0;
  for (const span of listSpansOutsideCode(text)) {
    for (const match of text.slice(span.start, span.end).matchAll(LINK)) {
      const link = trimEndOfLink(match[0]);
      const href = readAddressOfLink(link);
      const start = span.start + match.index;
      if (!href) continue;
      if (start > from) parts.push({ text: text.slice(from, start), href: null });
      parts.push({ text: link, href });
      from = start + link.length;
    }
  }
  if (from < text.length) parts.push({ text: text.slice(from), href: null });
  return parts;
}
