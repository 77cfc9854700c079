import { LONG_WORD } from './furnishedCastle';
import { ofAurors } from './statesOfAurors';
import { expect, makeUniqueTitle, waitForLiveLink } from './test';
import { answerBadly, type Area, pressEscape, pressUntilDialogOpens, stopAnsweringBadly, visitIncident, visitList, visitPage } from './visits';

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

const withoutConnection: Area = {
  name: 'writing without a connection',
  who: 'cedric',
  states: [
    {
      name: 'incident-waiting',
      show: async (page, { egg }) => {
        await visitIncident(page, egg);
        await page.context().setOffline(true);
        await expect(page.getByTestId('stale-banner')).toBeVisible();
        await page.getByLabel('Write a comment').fill('Said without a connection: the roof is next.');
        await page.keyboard.press('Control+Enter');
        await page.getByRole('button', { name: 'Edit' }).click();
        const form = page.getByRole('dialog', { name: 'Edit incident' });
        await form.getByLabel('Where').fill(`What was Hagrid’s hut, ${LONG_WORD}`);
        await form.getByRole('button', { name: 'Save changes' }).click();
        await expect(page.getByTestId('incident-waiting')).toContainText('What was Hagrid');
        await expect(page.getByTestId('comment').filter({ hasText: 'the roof is next' })).toContainText('waiting for connection');
      },
    },
    {
      name: 'waiting-writes',
      show: async (page) => {
        await page.getByRole('button', { name: /waiting/ }).click();
        await expect(page.getByTestId('waiting-write')).toHaveCount(2);
      },
      leave: async (page) => {
        for (const left of [1, 0]) {
          await page.getByTestId('waiting-write').first().getByRole('button', { name: 'Cancel' }).click();
          await expect(page.getByTestId('waiting-write')).toHaveCount(left);
        }
        await page.context().setOffline(false);
        await waitForLiveLink(page);
      },
    },
  ],
};

const shell: Area = {
  name: 'the shell',
  who: 'kingsley',
  states: [
    { name: 'account', show: (page) => visitPage(page, '/account') },
    {
      name: 'command-menu',
      show: async (page) => {
        await visitList(page);
        await pressUntilDialogOpens(page, 'Control+k', 'Do or find');
        await expect(page.getByRole('option', { name: 'Keyboard shortcuts' })).toBeVisible();
      },
    },
    {
      name: 'command-menu-found',
      show: async (page, { egg }) => {
        await page.getByLabel('Find a command or an incident').fill('dragon egg');
        await expect(page.getByRole('option', { name: egg.title })).toBeVisible();
      },
      leave: pressEscape,
    },
    {
      name: 'shortcut-help',
      show: async (page) => {
        await visitList(page);
        await pressUntilDialogOpens(page, '?', 'Keyboard shortcuts');
      },
      leave: pressEscape,
    },
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
export const areas: readonly Area[] = [beforeLogin, list, incident, withoutConnection, ofAurors, shell];
