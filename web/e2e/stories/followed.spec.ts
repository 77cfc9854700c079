import { ApiActor } from '../harness/api';
import { TestServer } from '../harness/server';
import { describeSessionForStorage, expect, makeUniqueTitle, openDashboardWithSession, test, waitForLiveLink } from '../harness/test';

test.describe('who has seen it', () => {
  test('should follow each person live, and say why somebody could not be reached', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const incident = await hermione.report({ title: makeUniqueTitle('Hydra'), severity: 'CRITICAL' });
    const percy = await openAs('percy', `/incidents/${incident.id}`);
    const panel = percy.getByRole('region', { name: 'Who has seen it' });
    await expect(panel.getByTestId('receipts-summary')).toContainText('2 told · 0 delivered · 0 seen');
    await expect(panel.getByTestId('receipt').filter({ hasText: 'Kingsley' })).toContainText(/told \d\d:\d\d( [AP]M)?, not delivered, offline/);
    await expect(panel.getByTestId('next-step')).toContainText(/Step 1 in 0:\d\d, if nobody sees it/);
    const tonks = await openAs('tonks');
    await expect(panel.getByTestId('receipt').filter({ hasText: 'Tonks' })).toContainText(/seen \d\d:\d\d/);
    await expect(panel.getByTestId('receipts-summary')).toContainText('1 seen');
    await tonks.locator(`[data-testid="alert"][data-incident-id="${incident.id}"]`).getByRole('button', { name: /^Take it/ }).click();
    await expect(panel.getByTestId('receipts-summary')).toContainText('Nymphadora Tonks took it');
    await expect(panel.getByTestId('next-step')).toHaveCount(0);
  });

  test('should count a notification as seen when it is scrolled to', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const incidents = [];
    for (let at = 0; at < 14; at += 1) {
      const incident = await hermione.report({ title: makeUniqueTitle(`Owl ${at}`) });
      await hermione.comment(incident.id, '@harry.potter look');
      incidents.push(incident);
    }
    const [oldest, newest] = [incidents[0]!, incidents.at(-1)!];
    const harry = await openAs('harry');
    await harry.getByRole('button', { name: /Notifications, \d+ unread/ }).click();
    const seen = async (id: string) => (await hermione.send<{ seen: number }>('GET', `/api/incidents/${id}/receipts`)).seen;
    await expect.poll(() => seen(newest.id)).toBe(1);
    expect(await seen(oldest.id)).toBe(0);
    await harry.getByTestId('notification').filter({ hasText: oldest.title }).scrollIntoViewIfNeeded();
    await expect.poll(() => seen(oldest.id)).toBe(1);
  });

  test('should tell the next circle when nobody looks, and bring back what was sent away', async ({ browser }) => {
    const server = await TestServer.start({ ESCALATION_SEEN_TIMEOUT: '3s', ESCALATION_ACK_TIMEOUT: '6s', ESCALATION_REPEAT: '0' });
    try {
      const [hermione, percy] = [await ApiActor.signIn(server, 'hermione'), await ApiActor.signIn(server, 'percy')];
      const page = await openDashboardWithSession(browser, server.url, describeSessionForStorage(percy.login), '/incidents?view=all');
      await waitForLiveLink(page);
      const incident = await hermione.report({ title: makeUniqueTitle('Thestral'), severity: 'CRITICAL' });
      const alert = page.locator(`[data-testid="alert"][data-incident-id="${incident.id}"]`);
      await alert.getByRole('button', { name: /^Not me/ }).click();
      await expect(alert).toHaveCount(0);
      await page.goto(`/incidents/${incident.id}`);
      const timeline = page.getByRole('region', { name: 'Timeline' });
      await expect(timeline).toContainText('step 1: nobody had seen it', { timeout: 20_000 });
      await expect(alert).toBeVisible();
      await expect(timeline).toContainText(/told .*Percy Weasley/, { timeout: 20_000 });
      await page.context().close();
    } finally {
      await server.stop();
    }
  });
});

test.describe('the timeline', () => {
  test('should show what it was at every moment, by keyboard, with who was looking', async ({ openAs, actAs }) => {
    const hermione = await actAs('hermione');
    const title = makeUniqueTitle('Egg');
    const incident = await hermione.report({ title });
    const page = await openAs('percy', `/incidents/${incident.id}`);
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await expect(timeline).toContainText('Hermione Granger reported this incident');
    await hermione.update(incident.id, { title: `${title} hatched`, severity: 'SERIOUS' });
    const comment = await hermione.comment(incident.id, 'It is a dragon');
    await hermione.send('DELETE', `/api/incidents/${incident.id}/comments/${comment.id}`);
    await expect(timeline).toContainText('Hermione Granger deleted a comment');
    await expect(timeline.locator('[data-kind="updated"]')).toContainText('severity: Mischief → Serious');
    await expect(timeline.locator('[data-kind="commented"]')).toContainText('deleted since');

    await timeline.getByRole('button', { name: 'Time machine' }).click();
    const past = page.getByTestId('past');
    await expect(past).toContainText(`${title} hatched`);
    await expect(past).toContainText('0 comments');
    const slider = page.getByRole('slider', { name: 'The moment shown' });
    await slider.focus();
    await page.keyboard.press('Home');
    await expect(past).toHaveAttribute('data-version', '1');
    await expect(past).not.toContainText('hatched');
    await expect(past).toContainText('Nobody was looking');
    await page.keyboard.press('ArrowRight');
    await expect(page.getByTestId('past-viewers')).toContainText('Looking: Percy Weasley');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await expect(past).toContainText('It is a dragon');

    await timeline.getByLabel('Show in the timeline').selectOption('Comments');
    await expect(timeline.locator('[data-kind="updated"]')).toHaveCount(0);
    await expect(timeline.locator('[data-kind="comment_deleted"]')).toHaveCount(1);
    const saved = page.waitForEvent('download');
    await timeline.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: 'Markdown' }).click();
    expect((await saved).suggestedFilename()).toBe(`timeline-${incident.id}.md`);
  });
});
