import { formatTimeFromNow, formatTimeInFull, useNow, useSecondsNow } from '../lib/time';

interface Props {
  time: string;
}

function TimeFrom({ time, words }: Props & { words: string }) {
  return (
    <time dateTime={time} title={formatTimeInFull(time)}>
      {words}
    </time>
  );
}

export function TimeAgo({ time }: Props) {
  return <TimeFrom time={time} words={formatTimeFromNow(time, useNow())} />;
}

/** The same, counted in seconds while it is under a minute: for what is urgent. */
export function SecondsAgo({ time }: Props) {
  return <TimeFrom time={time} words={formatTimeFromNow(time, useSecondsNow(), { seconds: true })} />;
}
