/**
 * A key no other request has, for `idempotencyKey`: what is repeated with the same key happens once. `crypto.randomUUID` exists on https
 * and localhost only, `getRandomValues` everywhere.
 */
export function createRandomKeyForRequest(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
