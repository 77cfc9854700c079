import { OwlPostError } from '@owlpost/client';

/** No answer of the server came, whether or not it did what was asked. */
export function isUnreachableFailure(error: unknown): boolean {
  return error instanceof OwlPostError && [0, 502, 504].includes(error.status);
}

/** It may work later without anybody doing something about it. */
export function isPassingFailure(error: unknown): boolean {
  return isUnreachableFailure(error) || (error instanceof OwlPostError && [401, 429, 503].includes(error.status));
}

export function describeErrorForPeople(error: unknown): string {
  if (error instanceof OwlPostError) {
    if (error.code === 'RATE_LIMITED') {
      const wait = error.retryAfterSeconds;
      return wait ? `Too many requests. Try again in ${wait} s.` : 'Too many requests. Try again in a moment.';
    }
    return error.message;
  }
  return 'Something went wrong. Try again.';
}

function collectFieldsFromDetail(detail: unknown, message: string, fields: Record<string, string>): void {
  if (typeof detail !== 'object' || detail === null) return;
  const { field, message: own } = detail as { field?: unknown; message?: unknown };
  if (typeof field === 'string') {
    fields[field] = typeof own === 'string' ? own : message;
    return;
  }
  for (const [name, text] of Object.entries(detail)) {
    if (typeof text === 'string') fields[name] = text;
  }
}

/** The server's complaints by form field: `details` names the offending field, the message says what is wrong. */
export function readFieldErrorsFromServer(error: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!(error instanceof OwlPostError) || error.code !== 'VALIDATION_ERROR') return fields;
  const details = Array.isArray(error.details) ? error.details : [error.details];
  for (const detail of details) collectFieldsFromDetail(detail, error.message, fields);
  for (const [name, text] of Object.entries(fields)) {
    const plain = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
    fields[name] = plain.charAt(0).toUpperCase() + plain.slice(1);
  }
  return fields;
}
