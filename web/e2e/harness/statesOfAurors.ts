import { LONG_WORD } from './furnishedCastle';
import { expect } from './test';
import { answerBadly, type Area, pressEscape, stopAnsweringBadly, visitPage } from './visits';

/** The pages that nobody else has. */
export const ofAurors: Area = {
  name: 'the pages of Aurors',
  who: 'kingsley',
  states: [
    { name: 'people', show: (page) => visitPage(page, '/people') },
    {
      name: 'outlets-none',
      show: async (page) => {
        await visitPage(page, '/outlets');
        await expect(page.getByText('Nobody is called yet')).toBeVisible();
      },
    },
    {
      name: 'outlets-refused',
      show: async (page) => {
        await answerBadly(page, /\/api\/(?:webhooks|outlets)$/);
        await page.goto('/outlets');
        await expect(page.getByText('This could not be loaded')).toHaveCount(2);
      },
      leave: stopAnsweringBadly,
    },
    {
      name: 'outlets-incomplete',
      show: async (page) => {
        await visitPage(page, '/outlets');
        await page.getByRole('button', { name: 'New webhook' }).click();
        await page.getByLabel('Events').fill('');
        await page.getByRole('button', { name: 'Make webhook' }).click();
        await expect(page.getByText('One pattern at least')).toBeVisible();
      },
    },
    {
      name: 'outlets-secret',
      show: async (page, { kingsley }) => {
        await kingsley.send('POST', '/api/webhooks', { name: 'Quibbler', url: 'https://quibbler.example/owl', template: 'slack', enabled: false });
        await kingsley.send('POST', '/api/webhooks', { name: `Gazette ${LONG_WORD}`.slice(0, 100), url: `http://127.0.0.1:9/${LONG_WORD}`, severities: ['CRITICAL'] });
        // Nobody calls there, which is said.
        await kingsley.report({ title: 'Owls come back with their letters', severity: 'CRITICAL' }).then(({ id }) => kingsley.take(id));
        await page.getByLabel('Name').fill('Daily Prophet');
        await page.getByLabel('Address').fill('https://prophet.example/owl');
        await page.getByLabel('Events').fill('outlet.nothing');
        await page.getByRole('button', { name: 'Make webhook' }).click();
        await expect(page.getByTestId('secret')).toBeVisible();
        for (const standing of ['live', 'failing', 'disabled'])
          await expect(page.locator(`[data-standing="${standing}"]`).first()).toBeVisible({ timeout: 20_000 });
      },
    },
    {
      name: 'outlets-redeliver',
      show: async (page) => {
        await page.getByRole('button', { name: 'What to do with Quibbler' }).click();
        await page.getByRole('menuitem', { name: 'Deliver again' }).click();
        await page.getByRole('dialog').getByLabel('From event').fill('yesterday');
        await page.getByRole('dialog').getByRole('button', { name: 'Deliver again' }).click();
        await expect(page.getByText('The number of an event')).toBeVisible();
      },
      leave: async (page, { kingsley }) => {
        await pressEscape(page);
        const { webhooks } = await kingsley.send<{ webhooks: { id: string }[] }>('GET', '/api/webhooks');
        for (const { id } of webhooks) await kingsley.send('DELETE', `/api/webhooks/${id}`);
      },
    },
  ],
};
