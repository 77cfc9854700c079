import type { ErrorCode } from './generated';

/** The server's stable codes, and two of ours: `NETWORK` (it cannot be reached) and `TIMEOUT` (it did not answer in time). */
export type OwlPostErrorCode = ErrorCode | 'NETWORK' | 'TIMEOUT';

/** A refusal or failure, of REST and of calls over the socket alike. Program against `code`; `message` is for people. */
export class OwlPostError extends Error {
  /** When it was told; milliseconds. */
  readonly at = Date.now();

  constructor(
    /** A newer server may know more codes than this client. */
    readonly code: OwlPostErrorCode | (string & {}),
    message: string,
    /** The HTTP status; 0 where there was none. */
    readonly status: number,
    /** Such as `{ field }`, which names what is not acceptable. */
    readonly details?: unknown,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'OwlPostError';
  }
}

export function createNetworkErrorForRequest(): OwlPostError {
  return new OwlPostError('NETWORK', 'The server cannot be reached. Check your connection and try again.', 0);
}

export function createTimeoutErrorForRequest(): OwlPostError {
  return new OwlPostError('TIMEOUT', 'The server did not answer in time. Try again.', 0);
}
