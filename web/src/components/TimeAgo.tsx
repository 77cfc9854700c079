import { formatTimeFromNow, formatTimeInFull, useNow } from '../lib/time';

export function TimeAgo({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={formatTimeInFull(time)}>
      {formatTimeFromNow(time, now)}
    </time>
  );
}
