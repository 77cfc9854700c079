import { ApiActor } from '../harness/api';
import { describeSessionForStorage, expect, makeUniqueTitle, test, waitForLiveLink } from '../harness/test';

test.describe('drafts', () => {
  test('should keep a comment through reload, expiry and another person, and forget it when sent', async ({ openAs, actAs, server }) => {
    const incident = await (await actAs('ron')).report({ title: makeUniqueTitle('Half said') });
    const page = await openAs('harry', `/incidents/${incident.id}`);
    const field = page.getByLabel('Write a comment');
    await field.fill('Half a thought');
    await page.reload();
    await expect(field).toHaveValue('Half a thought');

    const signInAs = async (person: 'harry' | 'hermione') => {
      // The session is gone, as when it has expired.
      await page.evaluate(() => localStorage.removeItem('owlpost.session'));
      const { login } = await ApiActor.signIn(server, person);
      await page.evaluate((session) => localStorage.setItem('owlpost.session', session), describeSessionForStorage(login));
      await page.goto(`/incidents/${incident.id}`);
      await waitForLiveLink(page);
      await expect(field).toBeEnabled();
    };
    await signInAs('hermione');
    await expect(field).toHaveValue('');
    await signInAs('harry');
    await expect(field).toHaveValue('Half a thought');
    await page.getByRole('button', { name: 'Comment', exact: true }).click();
    await expect(page.getByTestId('comment')).toHaveCount(1);
    await page.reload();
    await expect(page.getByTestId('comment')).toHaveCount(1);
    await expect(field).toHaveValue('');
  });

  test('should ask before a report is closed, and lose it only when told to', async ({ openAs }) => {
    const page = await openAs('harry');
    const form = page.getByRole('dialog', { name: 'Report an incident' });
    const open = () => page.getByRole('button', { name: 'Report' }).first().click();
    await open();
    await form.getByLabel('What happened').fill('Something is');
    await page.keyboard.press('Escape');
    await expect(form.getByRole('alert')).toContainText('You have not sent this yet');
    await form.getByRole('button', { name: 'Keep editing' }).click();
    await expect(form.getByLabel('What happened')).toHaveValue('Something is');
    await page.keyboard.press('Escape');
    await form.getByRole('button', { name: 'Keep as draft' }).click();
    await expect(form).toBeHidden();
    await page.reload();
    await open();
    await expect(form.getByLabel('What happened')).toHaveValue('Something is');
    await form.getByRole('button', { name: 'Discard draft' }).click();
    await expect(form.getByLabel('What happened')).toHaveValue('');
    // Nothing to lose, nothing to ask.
    await page.keyboard.press('Escape');
    await expect(form).toBeHidden();
  });

  test('should take an edit up again on what others made of the incident meanwhile', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Draft'), description: 'It was', location: 'Hall' });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await page.getByRole('button', { name: 'Edit' }).click();
    await form.getByLabel('Description').fill('Mine');
    await page.reload();
    await percy.update(incident.id, { description: 'Theirs', location: 'Tower' });
    await page.getByRole('button', { name: 'Edit' }).click();
    await expect(form.getByLabel('Where')).toHaveValue('Tower');
    await expect(form.getByTestId('collision-description')).toContainText('Theirs');
    // Not decided: another reload asks again.
    await page.reload();
    await page.getByRole('button', { name: 'Edit' }).click();
    await form.getByTestId('collision-description').getByRole('button', { name: 'Use mine' }).click();
    await form.getByRole('button', { name: 'Save changes' }).click();
    await expect(form).toBeHidden();
    expect(await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ description: 'Mine', location: 'Tower' });
    await page.getByRole('button', { name: 'Edit' }).click();
    await expect(form.getByRole('button', { name: 'Discard draft' })).toHaveCount(0);
  });
});
