import type { User } from './generated';
import { createStoreWithListeners, type ReadableStore } from './store';

/** What proves who asks. Times are milliseconds of this machine's clock. */
export interface Credentials {
  accessToken: string;
  /** Whose it is, where that is known. */
  user?: User;
  issuedAt?: number;
  expiresAt?: number;
}

/** Where requests and the socket have their token from. */
export interface CredentialSource extends ReadableStore<Credentials | null> {
  /** False: there is no other token, and none to come, so that a refusal is final. */
  readonly canRenew: boolean;
  /**
   * Replaces the token `stale`, unless that has happened already. `null`: there is no other one now. Many may call at once, and one
   * exchange serves them all.
   */
  renew(stale: string | null): Promise<Credentials | null>;
}

/** A token that stays what it is, such as an API token (`owl_…`). */
export function createSourceOfFixedToken(accessToken: string): CredentialSource {
  const store = createStoreWithListeners<Credentials | null>({ accessToken });
  return { get: store.get, subscribe: store.subscribe, canRenew: false, renew: () => Promise.resolve(null) };
}

/**
 * Tokens of somebody else, such as an identity provider: asked for when there is none yet, or the last one is no longer good. Who fails
 * to tell one is asked again.
 */
export function createSourceOfAskedTokens(ask: () => string | Promise<string>): CredentialSource {
  const store = createStoreWithListeners<Credentials | null>(null);
  let inFlight: Promise<Credentials | null> | null = null;
  const askForAnotherToken = async (stale: string | null): Promise<Credentials | null> => {
    const known = store.get();
    if (known && known.accessToken !== stale) return known;
    try {
      const accessToken = await ask();
      if (accessToken === stale) return null;
      store.set({ accessToken });
      return store.get();
    } catch {
      return null;
    }
  };
  return {
    get: store.get,
    subscribe: store.subscribe,
    canRenew: true,
    renew(stale) {
      inFlight ??= askForAnotherToken(stale).finally(() => {
        inFlight = null;
      });
      return inFlight;
    },
  };
}
