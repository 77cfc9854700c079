import { Loader } from '@mantine/core';
import { joinNamesForReading } from '../../lib/labels';
import { useTypists } from '../../realtime';
import classes from './Comments.module.css';

/** "Hermione is typing…", "Hermione and Ron are typing…". Always in the page, so that readers hear it change. */
export function TypingIndicator({ incidentId }: { incidentId: string }) {
  const typists = useTypists(incidentId);
  const names = joinNamesForReading(typists.map((typist) => typist.userName));
  return (
    <div className={classes.typing} role="status" aria-live="polite" data-testid="typing">
      {typists.length > 0 && (
        <>
          <Loader type="dots" size={22} color="gray" aria-hidden />
          <span>
            {names} {typists.length === 1 ? 'is' : 'are'} typing…
          </span>
        </>
      )}
    </div>
  );
}
