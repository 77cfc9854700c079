import { expect, makeUniqueTitle, test } from '../harness/test';

test.describe('US-PRESENCE-003: typing', () => {
  test('should show several typists, and none after three quiet seconds', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Quill') });
    const path = `/incidents/${incident.id}`;
    const harry = await openAs('harry', path);
    const [hermione, ron] = [await openAs('hermione', path), await openAs('ron', path)];
    const typing = harry.getByTestId('typing');
    await expect(harry.getByTestId('viewers')).toContainText('3 users');
    await hermione.getByLabel('Write a comment').pressSequentially('Well');
    await expect(typing).toHaveText('Hermione Granger is typing…');
    // At the same time: by the time that the second is ready, three seconds of the first may be over.
    await Promise.all([
      hermione.getByLabel('Write a comment').pressSequentially(', I never', { delay: 200 }),
      ron.getByLabel('Write a comment').pressSequentially('Blimey', { delay: 200 }),
      expect(typing).toHaveText(/Ron Weasley.* are typing…/),
    ]);
    await expect(typing).toHaveText('', { timeout: 6_000 });
    await expect(hermione.getByTestId('typing')).toHaveText('');
  });

  test('should end with the comment', async ({ openAs, actAs }) => {
    const incident = await (await actAs('harry')).report({ title: makeUniqueTitle('Ink') });
    const path = `/incidents/${incident.id}`;
    const [harry, ron] = [await openAs('harry', path), await openAs('ron', path)];
    await expect(harry.getByTestId('viewers')).toContainText('2 users');
    await ron.getByLabel('Write a comment').pressSequentially('Done');
    await expect(harry.getByTestId('typing')).toHaveText('Ron Weasley is typing…');
    await ron.getByLabel('Write a comment').press('Control+Enter');
    await expect(harry.getByTestId('comment')).toContainText('Done');
    await expect(harry.getByTestId('typing')).toHaveText('', { timeout: 1_000 });
  });
});
