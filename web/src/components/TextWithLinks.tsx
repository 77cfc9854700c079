import { splitTextIntoLinks } from '../lib/links';

/** What somebody wrote, with its links to click. They are told nothing of this page. */
export function TextWithLinks({ text }: { text: string }) {
  return splitTextIntoLinks(text).map((part, at) =>
    part.href === null ? (
      part.text
    ) : (
      <a key={at} href={part.href} target="_blank" rel="noopener noreferrer nofollow" style={{ color: 'var(--mantine-color-anchor)', overflowWrap: 'anywhere' }}>
        {part.text}
      </a>
    ),
  );
}
