import type { Incident } from '@owlpost/client';
import type { Page } from '@playwright/test';
import type { ApiActor, Person } from './api';
import { expect, makeUniqueTitle, waitForLiveLink } from './test';

/** What the pages of the table show. */
export interface Castle {
  ron: ApiActor;
  hermione: ApiActor;
  percy: ApiActor;
  /** With a thread, critical, and taken. */
  egg: Incident;
  resolved: Incident;
}

/** One page as somebody may find it. */
export interface State {
  name: string;
  show: (page: Page, castle: Castle) => Promise<void>;
  /** Takes away what would be in the way of the next. */
  leave?: (page: Page, castle: Castle) => Promise<void>;
}

/** States that follow each other in one page. */
export interface Area {
  name: string;
  /** Who looks; nobody before the login. */
  who: Person | null;
  states: State[];
}

const LONG_WORD = 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz'.repeat(2);

/** A castle on an ordinary evening: a thread with links and mentions, long words, something of every severity and status. */
export async function furnishCastle(actAs: (person: Person) => Promise<ApiActor>): Promise<Castle> {
  const [ron, hermione, percy, tonks] = [await actAs('ron'), await actAs('hermione'), await actAs('percy'), await actAs('tonks')];
  await percy.takeEverythingUrgent();
  const egg = await hermione.report({
    title: 'Dragon egg hatching in Hagrid’s hut',
    description: 'Norwegian Ridgeback, about to come out. The hut is made of wood.\n\nWho comes: bring gloves, see https://castle.example/dragons?page=2.',
    severity: 'CRITICAL',
    location: 'Hagrid’s hut',
  });
  await tonks.take(egg.id);
  await tonks.update(egg.id, { status: 'IN_PROGRESS' });
  for (const [who, words] of [
    [ron, 'It has hiccuped twice. The table is on fire, only a little.'],
    [tonks, 'On my way. @percy.weasley keep everybody off the lawn, and tell @nobody.'],
    [hermione, `Charlie takes it, see https://castle.example/a/very/long/address/that/does/not/end/${'dragons/'.repeat(12)}`],
    [percy, `Done.\n\n${LONG_WORD}\n\nWho asks why is sent to @hermione.granger.`],
  ] as const)
    await who.comment(egg.id, words);
  await ron.report({ title: 'Cauldron leaks in classroom eleven', severity: 'SERIOUS', location: 'Dungeons, second corridor', description: 'Green, and it hums.' });
  await ron.report({ title: `Nothing can be read here: ${LONG_WORD}`, description: LONG_WORD });
  await percy.report({ title: 'Staircase stuck between two floors', severity: 'SERIOUS', assigneeId: percy.user.id });
  const flood = await hermione.report({ title: 'Myrtle floods the first floor', severity: 'CRITICAL', location: 'Girls’ bathroom' });
  await percy.take(flood.id);
  const resolved = await ron.report({ title: 'Bludger through the window of the Owlery', location: 'Owlery', description: 'Glass everywhere.' });
  await percy.resolve(resolved.id, 'Reparo. The owls were told.');
  return { ron, hermione, percy, egg, resolved };
}

async function visitPage(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByLabel(/^Loading/)).toHaveCount(0);
}

async function visitList(page: Page, query = ''): Promise<void> {
  await visitPage(page, `/incidents${query}`);
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live');
  await expect(page.getByTestId('view-count').first()).toBeAttached();
}

async function visitIncident(page: Page, { id }: Incident): Promise<void> {
  await visitPage(page, `/incidents/${id}`);
  await expect(page.getByTestId('viewers')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Timeline' })).toBeVisible();
}

const answerBadly = (page: Page, path: RegExp) =>
  page.route(path, (route) => route.fulfill({ status: 403, json: { error: { code: 'FORBIDDEN', message: 'The list is kept from you' } } }));
const stopAnsweringBadly = (page: Page) => page.unrouteAll({ behavior: 'ignoreErrors' });
const pressEscape = (page: Page) => page.keyboard.press('Escape');

const beforeLogin: Area = {
  name: 'before the login',
  who: null,
  states: [
    {
      name: 'login',
      show: async (page) => {
        await visitPage(page, '/login');
        await expect(page.getByRole('region', { name: 'Demo users' })).toBeVisible();
      },
    },
    {
      name: 'login-refused',
      show: async (page) => {
        await visitPage(page, '/login');
        await page.getByLabel('Email').fill('harry.potter@hogwarts.edu');
        await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await expect(page.getByRole('alert').filter({ hasText: 'wrong' })).toBeVisible();
      },
    },
    {
      name: 'register-incomplete',
      show: async (page) => {
        await visitPage(page, '/register');
        await page.getByRole('button', { name: 'Create account' }).click();
        await expect(page.getByText('Your name, up to 100 characters')).toBeVisible();
      },
    },
    { name: 'reset-password', show: (page) => visitPage(page, '/reset-password#none') },
    { name: 'not-found', show: (page) => visitPage(page, '/no/such/page') },
  ],
};

const list: Area = {
  name: 'the list',
  who: 'percy',
  states: [
    { name: 'list-active', show: (page) => visitList(page) },
    { name: 'list-all', show: (page) => visitList(page, '?view=all') },
    { name: 'list-resolved', show: (page) => visitList(page, '?status=RESOLVED') },
    { name: 'list-filtered', show: (page) => visitList(page, '?severity=SERIOUS,CRITICAL&status=OPEN,IN_PROGRESS&assignee=me&sort=newest') },
    {
      name: 'list-empty',
      show: async (page) => {
        await visitList(page, '?q=nothing-like-this');
        await expect(page.getByText('No incidents here')).toBeVisible();
      },
    },
    {
      name: 'list-error',
      show: async (page) => {
        await answerBadly(page, /\/api\/incidents\?/);
        await visitPage(page, '/incidents');
        await expect(page.getByText('This could not be loaded')).toBeVisible();
      },
      leave: stopAnsweringBadly,
    },
    {
      name: 'list-loading',
      show: async (page) => {
        await page.route(/\/api\/incidents\?/, () => undefined);
        await page.goto('/incidents');
        await expect(page.getByLabel('Loading incidents')).toBeVisible();
      },
      leave: stopAnsweringBadly,
    },
    {
      name: 'report-dialog',
      show: async (page) => {
        await visitList(page);
        await page.getByRole('button', { name: /^Report/ }).click();
        await page.getByRole('button', { name: 'Report incident', exact: true }).last().click();
        await expect(page.getByText('Say what happened, in up to 200 characters')).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'report-unsent',
      show: async (page) => {
        await visitList(page);
        await page.getByRole('button', { name: /^Report/ }).click();
        await page.getByLabel('What happened').fill('Half a report');
        await pressEscape(page);
        await expect(page.getByText('You have not sent this yet')).toBeVisible();
      },
      leave: (page) => page.getByRole('button', { name: 'Discard', exact: true }).click(),
    },
  ],
};

const incident: Area = {
  name: 'an incident',
  who: 'percy',
  states: [
    {
      name: 'incident',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await expect(page.getByTestId('comment')).toHaveCount(4);
        await expect(page.locator('[data-mention]').first()).toBeVisible();
      },
    },
    { name: 'incident-resolved', show: (page, { resolved }) => visitIncident(page, resolved) },
    {
      name: 'incident-missing',
      show: async (page) => {
        await page.goto('/incidents/01900000-0000-7000-8000-000000000000');
        await expect(page.getByText('There is no such incident')).toBeVisible();
      },
    },
    {
      name: 'incident-error',
      show: async (page, { egg }) => {
        await answerBadly(page, new RegExp(`/api/incidents/${egg.id}$`));
        await page.goto(`/incidents/${egg.id}`);
        await expect(page.getByText('This could not be loaded')).toBeVisible();
      },
      leave: stopAnsweringBadly,
    },
    {
      name: 'mention',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await page.getByLabel('Write a comment').pressSequentially('@h');
        await expect(page.getByRole('option', { name: /Harry Potter/ })).toBeVisible();
      },
      leave: (page) => page.getByLabel('Write a comment').fill(''),
    },
    {
      name: 'time-machine',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await page.getByRole('button', { name: 'Time machine' }).click();
        await expect(page.getByTestId('past')).toBeVisible();
      },
    },
    {
      name: 'export-menu',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await page.getByRole('button', { name: 'Export' }).click();
        await expect(page.getByRole('menuitem', { name: 'Markdown' })).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'collision',
      show: async (page, { ron, egg, hermione }) => {
        await visitIncident(page, egg);
        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('What happened').fill('Dragon egg in the oven');
        await hermione.update(egg.id, { title: makeUniqueTitle('Dragon egg, hatched') });
        await expect(page.getByTestId('collision-title')).toContainText('Hermione Granger');
        await ron.comment(egg.id, 'Look again.');
      },
      leave: async (page, { egg, hermione }) => {
        await pressEscape(page);
        await page.getByRole('button', { name: 'Discard', exact: true }).click();
        await hermione.update(egg.id, { title: egg.title });
      },
    },
    {
      name: 'resolve-dialog',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await page.getByRole('button', { name: 'Resolve' }).click();
        await expect(page.getByLabel('Resolution')).toBeVisible();
      },
      leave: pressEscape,
    },
  ],
};

const shell: Area = {
  name: 'the shell',
  who: 'kingsley',
  states: [
    { name: 'account', show: (page) => visitPage(page, '/account') },
    { name: 'people', show: (page) => visitPage(page, '/people') },
    {
      name: 'online',
      show: async (page) => {
        await visitList(page);
        await page.getByTestId('online-counts').filter({ visible: true }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'user-menu',
      show: async (page) => {
        await visitList(page);
        await page.getByRole('button', { name: /^Account and settings/ }).click();
        await expect(page.getByRole('menu')).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'notifications-none',
      show: async (page) => {
        await visitList(page);
        await page.getByRole('button', { name: /^Notifications/ }).click();
        await expect(page.getByRole('heading', { name: 'Notifications' })).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'notifications',
      show: async (page, { ron, egg }) => {
        await ron.comment(egg.id, '@kingsley.shacklebolt come and see, please. There is not much of the hut left, and it grows.');
        await visitList(page);
        await page.getByRole('button', { name: /^Notifications, \d+ unread/ }).click();
        await expect(page.getByTestId('notification').first()).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'toast',
      show: async (page, { ron, egg }) => {
        await visitList(page);
        await ron.comment(egg.id, '@kingsley.shacklebolt it has found the door.');
        await expect(page.locator('.mantine-Notification-root').filter({ hasText: 'Mention' }).first()).toBeVisible();
      },
    },
    {
      name: 'offline',
      show: async (page) => {
        await visitList(page);
        await page.context().setOffline(true);
        await expect(page.getByTestId('stale-banner')).toBeVisible();
      },
      leave: async (page) => {
        await page.context().setOffline(false);
        await waitForLiveLink(page);
      },
    },
    {
      name: 'alert',
      show: async (page, { hermione }) => {
        await hermione.report({ title: 'Troll in the dungeon, and nobody has it', severity: 'CRITICAL', location: 'Dungeons' });
        await visitList(page);
        await expect(page.getByTestId('alert').first()).toBeVisible();
      },
    },
    { name: 'alert-incident', show: (page, { egg }) => visitIncident(page, egg) },
  ],
};

/** Every page, in every state that matters. The last shows alerts, which would be in the way of the others. */
export const areas: readonly Area[] = [beforeLogin, list, incident, shell];
