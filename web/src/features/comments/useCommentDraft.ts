import { useCallback } from 'react';
import { useDraft } from '../../lib/drafts';

export interface CommentDraft {
  text: string;
  setText: (text: string) => void;
  /** Gives a refused comment back to its writer, unless they have begun another. */
  restore: (text: string) => void;
}

/** What was typed and not posted: neither another incident, a reload nor a new sign-in loses it. */
export function useCommentDraft(incidentId: string): CommentDraft {
  const { value, read, write } = useDraft<string>('comment', incidentId);
  const setText = useCallback((next: string) => write(next || undefined), [write]);
  const restore = useCallback(
    (refused: string) => {
      if (!read()) write(refused);
    },
    [read, write],
  );
  return { text: value ?? '', setText, restore };
}
