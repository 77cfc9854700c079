import { createStoreWithListeners } from '@owlpost/client';
import { addBasePathTo } from './basePath';

const DEADLINE_MS = 10_000;

/** Whether the server hands out another version of the dashboard than the one that runs here. */
export const newVersionStore = createStoreWithListeners(false);

/** The name of its first script has a hash of everything the dashboard is made of. */
function readFirstScriptOfPage(page: Document): string | null {
  return page.querySelector('script[type="module"][src]')?.getAttribute('src') ?? null;
}

/** Which version of the dashboard this page is. */
export function nameRunningVersion(): string | null {
  return readFirstScriptOfPage(document);
}

async function askServerForFirstScript(): Promise<string | null> {
  const answer = await fetch(addBasePathTo('/'), { cache: 'no-cache', signal: AbortSignal.timeout(DEADLINE_MS) });
  if (!answer.ok) return null;
  return readFirstScriptOfPage(new DOMParser().parseFromString(await answer.text(), 'text/html'));
}

let asking: Promise<void> | null = null;

/** Compares this page with what the server has. What cannot be found out changes nothing. */
export function checkForNewVersion(): Promise<void> {
  asking ??= askServerForFirstScript()
    .then((theirs) => {
      const ours = nameRunningVersion();
      if (theirs !== null && ours !== null) newVersionStore.set(theirs !== ours);
    })
    .catch(() => undefined)
    .finally(() => {
      asking = null;
    });
  return asking;
}
