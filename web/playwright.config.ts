import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { defineConfig } from '@playwright/test';

/** The machine's own Chromium: none is downloaded. */
function findChromiumOnMachine(): string | undefined {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

const SCOPES: Record<string, RegExp | undefined> = {
  all: undefined,
  // Stories in which it matters what the data is kept in: signing in, finding, telling, coming back.
  database: /@database/,
};

/** Which stories are told: `E2E_SCOPE=database` where the others are told on another database. */
function readScopeOfRun(): RegExp | undefined {
  const name = process.env.E2E_SCOPE || 'all';
  if (!Object.hasOwn(SCOPES, name)) throw new Error(`E2E_SCOPE is ${name}; it may be ${Object.keys(SCOPES).join(' or ')}`);
  return SCOPES[name];
}

// Here, since each worker draws what it looks at with it, also the one that tries again.
process.env.E2E_AXE_SEED ??= String(randomInt(1_000_000));

export const chromiumArguments = [
  '--disable-background-networking',
  '--disable-dev-shm-usage',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

// A shared machine can be slow for a moment; what fails twice is broken, what fails once is reported as flaky.
const retries = Number(process.env.E2E_RETRIES ?? 0);

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 10_000 },
  workers: Number(process.env.E2E_WORKERS ?? 1),
  forbidOnly: Boolean(process.env.CI),
  retries,
  reporter: [['list']],
  use: {
    headless: true,
    viewport: { width: 1440, height: 900 },
    // A trace copies the page at every step, which costs as much as the story.
    trace: retries > 0 ? 'on-first-retry' : 'retain-on-failure',
    // What a service worker answers, no test sees or changes: those that are about it allow it.
    serviceWorkers: 'block',
    launchOptions: { executablePath: findChromiumOnMachine(), args: chromiumArguments },
  },
  projects: [
    { name: 'e2e', testMatch: /.*\.spec\.ts/, grep: readScopeOfRun() },
    { name: 'screenshots', testMatch: /.*\.shots\.ts/ },
  ],
});
