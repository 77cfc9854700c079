import { useDebouncedValue } from '@mantine/hooks';
import type { User } from '@owlpost/client';
import { useState } from 'react';
import { useUserSearch } from '../../lib/api/searchUsers';

const SEARCH_DELAY_MS = 200;

/**
 * Prefects and Aurors, found by what is typed into a select: a house may have more than one page of them. The text of a select that
 * has a value is the label of that, and no search.
 */
export function useAssignablePeople(chosen: User | null, labelOfValue: string | undefined) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text === labelOfValue ? '' : text, SEARCH_DELAY_MS);
  const { data: found = [] } = useUserSearch(q, { assignable: true });
  const people = chosen && !found.some((user) => user.id === chosen.id) ? [chosen, ...found] : found;
  return { people, text, setText };
}
