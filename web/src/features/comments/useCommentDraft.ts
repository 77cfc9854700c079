import { useCallback, useState } from 'react';

export interface CommentDraft {
  text: string;
  setText: (text: string) => void;
  /** Gives a refused comment back to its writer, unless they have begun another. */
  restore: (text: string) => void;
}

const drafts = new Map<string, string>();

/** What was typed and not posted, kept while the page lives: looking at another incident must not lose it. */
export function useCommentDraft(incidentId: string): CommentDraft {
  const [state, setState] = useState({ incidentId, text: drafts.get(incidentId) ?? '' });
  const text = state.incidentId === incidentId ? state.text : (drafts.get(incidentId) ?? '');
  const setText = useCallback(
    (next: string) => {
      if (next) drafts.set(incidentId, next);
      else drafts.delete(incidentId);
      setState({ incidentId, text: next });
    },
    [incidentId],
  );
  const restore = useCallback(
    (refused: string) => {
      if (!drafts.get(incidentId)) setText(refused);
    },
    [incidentId, setText],
  );
  return { text, setText, restore };
}
