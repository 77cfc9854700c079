import { expect, test } from '../harness/test';

test.describe('US-PRESENCE-001: online user count', () => {
  test('should count people by role, live, with the names on click', { tag: '@database' }, async ({ openAs }) => {
    const harry = await openAs('harry');
    const counts = harry.getByTestId('online-counts').filter({ visible: true });
    await expect(counts).toHaveText('0 Aurors online, 0 Prefects online, 1 Student');
    const tonks = await openAs('tonks');
    const percy = await openAs('percy');
    const secondTab = await percy.context().newPage();
    await secondTab.goto('/incidents');
    await expect(counts).toHaveText('1 Auror online, 1 Prefect online, 1 Student');
    await counts.click();
    const people = harry.getByRole('dialog');
    await expect(people).toContainText('Nymphadora Tonks');
    await expect(people).toContainText('Percy Weasley');
    await tonks.context().close();
    await expect(people).not.toContainText('Nymphadora Tonks');
    await harry.keyboard.press('Escape');
    await expect(counts).toHaveText('0 Aurors online, 1 Prefect online, 1 Student');
    await secondTab.close();
    await expect(counts).toHaveText('0 Aurors online, 1 Prefect online, 1 Student');
  });
});
