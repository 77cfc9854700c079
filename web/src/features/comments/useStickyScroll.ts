import { useCallback, useLayoutEffect, useRef, useState } from 'react';

const AT_END_PX = 48;

interface Ends {
  first: string | undefined;
  last: string | undefined;
}

/**
 * Keeps a growing list where its reader is: at the end it follows what is added; elsewhere it stays, also when older
 * entries are put above, and says that there is something newer.
 */
export function useStickyScroll({ first, last }: Ends) {
  const viewport = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef<{ ends: Ends; height: number }>({ ends: { first: undefined, last: undefined }, height: 0 });
  const [hasNewer, setHasNewer] = useState(false);

  const noteScroll = useCallback(() => {
    const element = viewport.current;
    if (!element) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX;
    if (atEnd.current) setHasNewer(false);
  }, []);

  const scrollToEnd = useCallback(() => {
    const element = viewport.current;
    if (element) element.scrollTop = element.scrollHeight;
    atEnd.current = true;
    setHasNewer(false);
  }, []);

  useLayoutEffect(() => {
    const element = viewport.current;
    if (!element) return;
    const { ends, height } = before.current;
    const grewAbove = ends.first !== undefined && ends.first !== first && ends.last === last;
    const grewBelow = ends.last !== last;
    if (grewAbove && !atEnd.current) element.scrollTop += element.scrollHeight - height;
    else if (atEnd.current) element.scrollTop = element.scrollHeight;
    else if (grewBelow && ends.last !== undefined) setHasNewer(true);
    before.current = { ends: { first, last }, height: element.scrollHeight };
  }, [first, last]);

  return { viewport, noteScroll, scrollToEnd, hasNewer, atEnd };
}
