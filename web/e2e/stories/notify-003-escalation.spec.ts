import { expect, makeUniqueTitle, test } from '../harness/test';

declare global {
  interface Window {
    alarms: number;
  }
}

test.describe('US-NOTIFY-003: escalated', () => {
  test('should call every Auror with a sound, and show it as urgent to all', { tag: '@database' }, async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    await (await actAs('kingsley')).resolveEverythingUrgent();
    const incident = await hermione.report({ title: makeUniqueTitle('Troll'), severity: 'SERIOUS' });
    const tonks = await openAs('tonks');
    await tonks.evaluate(() => {
      window.alarms = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (...args) {
        window.alarms += 1;
        return start.apply(this, args);
      };
    });
    await tonks.getByRole('heading', { level: 1 }).click();
    const ron = await openAs('ron');
    await hermione.update(incident.id, { severity: 'CRITICAL' });

    await expect(tonks.getByTestId('alert').filter({ hasText: incident.title })).toBeVisible();
    await expect.poll(() => tonks.evaluate(() => window.alarms)).toBeGreaterThan(0);
    for (const page of [tonks, ron]) {
      await expect(page.getByRole('region', { name: 'Urgent' })).toContainText(incident.title);
    }
    // A student sees that it is there, and is not asked to take it.
    const alert = ron.getByTestId('alert').filter({ hasText: incident.title });
    await expect(alert.getByRole('button', { name: /^Not me/ })).toBeVisible();
    await expect(alert.getByRole('button', { name: /^Take it/ })).toHaveCount(0);
    await tonks.getByRole('button', { name: /Notifications, \d+ unread/ }).click();
    await expect(tonks.getByTestId('notification').filter({ hasText: incident.title })).toHaveCount(1);
    await hermione.resolve(incident.id, 'Asleep.');
    await expect(ron.getByRole('region', { name: 'Urgent' }).getByText(incident.title)).toHaveCount(0);
  });
});
