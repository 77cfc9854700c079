import type { Page } from '@playwright/test';
import type { Incident } from '@owlpost/client';
import type { Person } from './api';
import type { Castle } from './furnishedCastle';
import { expect } from './test';

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

export async function visitPage(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByLabel(/^Loading/)).toHaveCount(0);
}

export async function visitList(page: Page, query = ''): Promise<void> {
  await visitPage(page, `/incidents${query}`);
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', 'live');
  await expect(page.getByTestId('view-count').first()).toBeAttached();
}

export async function visitIncident(page: Page, { id }: Incident): Promise<void> {
  await visitPage(page, `/incidents/${id}`);
  await expect(page.getByTestId('viewers')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Timeline' })).toBeVisible();
}

export const answerBadly = (page: Page, path: RegExp) =>
  page.route(path, (route) => route.fulfill({ status: 403, json: { error: { code: 'FORBIDDEN', message: 'The list is kept from you' } } }));
export const stopAnsweringBadly = (page: Page) => page.unrouteAll({ behavior: 'ignoreErrors' });
export const pressEscape = (page: Page) => page.keyboard.press('Escape');

/** Keys are known as soon as their code is here, which comes behind the page. */
export async function pressUntilDialogOpens(page: Page, key: string, name: string): Promise<void> {
  await expect(async () => {
    await page.keyboard.press(key);
    await expect(page.getByRole('dialog', { name })).toBeVisible({ timeout: 1_000 });
  }).toPass();
}
