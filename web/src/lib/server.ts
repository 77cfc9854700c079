import { createRestClient, createSourceOfSession, createTransportToServer } from '@owlpost/client';
import { basePath } from './basePath';
import { sessionStore } from './session';
import { renewInOneTabAtATime } from './sessionRenewal';
import { signedOutStore } from './signedOut';
import { useStore } from './store';

const transport = createTransportToServer(basePath);

/** The login of this browser, of which every request and the socket have their token. */
export const credentials = createSourceOfSession({
  transport,
  store: sessionStore,
  renewAlone: renewInOneTabAtATime,
  onRefused: (session) => signedOutStore.set(Date.now() < session.expiresAt ? 'ended' : 'lapsed'),
});

export const rest = createRestClient(transport, credentials);

/** Whether an answer has been waited for so long that it should be said. */
export function useSlowAnswer(): boolean {
  return useStore(transport.slow) > 0;
}

/** Saves an answer as a file of the person's. */
export async function saveAnswerAsFile(answer: Promise<Blob>, name: string): Promise<void> {
  const address = URL.createObjectURL(await answer);
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
