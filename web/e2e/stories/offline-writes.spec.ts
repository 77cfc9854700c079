import type { Page, Request } from '@playwright/test';
import { ApiActor } from '../harness/api';
import { Line } from '../harness/line';
import { describeSessionForStorage, expect, makeUniqueTitle, test, waitForLiveLink } from '../harness/test';

const isWrite = (request: Request) => request.method() !== 'GET' && /\/api\/incidents/.test(request.url());

async function cutLineOf(page: Page): Promise<Line> {
  const line = await Line.runInto(page.context());
  await page.reload();
  await waitForLiveLink(page);
  // A poll that is under way would go on for as long as the server lets it.
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-transport', 'websocket');
  await line.cut();
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-link', /reconnecting|offline/);
  return line;
}

async function writeComment(page: Page, text: string): Promise<void> {
  await page.getByLabel('Write a comment').fill(text);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('comment').filter({ hasText: text })).toContainText('waiting for connection');
}

const waitUntilAllIsSent = (page: Page) => expect(page.getByTestId('link-state')).not.toHaveText(/waiting|not sent/, { timeout: 40_000 });

async function readComments(actor: ApiActor, id: string): Promise<string[]> {
  const { comments } = await actor.send<{ comments: { content: string }[] }>('GET', `/api/incidents/${id}/comments`);
  return comments.map((comment) => comment.content);
}

test.describe('writing without a connection', () => {
  test('should send a comment, an edit and a resolution once and in order, also over a reload', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Cut off'), description: 'Before' });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(page);
    await writeComment(page, 'Said while cut off');
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('Description').fill('After');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await expect(form).toBeHidden();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('dialog').getByLabel('Resolution').fill('It went away');
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve incident' }).click();
    await expect(page.getByTestId('incident-waiting')).toContainText('You resolve it: It went away');
    await expect(page.getByTestId('incident-waiting')).toContainText('description: After');
    const pill = page.getByTestId('link-state');
    await expect(pill).toContainText('3 waiting');
    await page.reload();
    await expect(pill).toContainText('3 waiting');
    await page.getByRole('button', { name: /waiting|not sent/ }).click();
    await expect(page.getByTestId('waiting-write')).toHaveText([/^Comment on.*Said while cut off/, /^Change of description/, /^Resolution of.*It went away/]);
    await page.keyboard.press('Escape');
    // On a phone nothing is pushed off the screen by it.
    await page.setViewportSize({ width: 320, height: 700 });
    const [room, needed] = await pill.locator('.mantine-Badge-label').evaluate((label) => [label.clientWidth, label.scrollWidth]);
    expect(room).toBeGreaterThanOrEqual(needed ?? 0);
    for (const button of [pill, page.getByRole('button', { name: /^Notifications/ }), page.getByRole('button', { name: /^Account and settings/ })])
      await expect(button).toBeInViewport({ ratio: 1 });
    await page.setViewportSize({ width: 1440, height: 900 });

    const sent: string[] = [];
    page.on('requestfinished', (request) => isWrite(request) && sent.push(request.method()));
    line.mend();
    await waitUntilAllIsSent(page);
    expect(sent).toEqual(['POST', 'PATCH', 'DELETE']);
    expect(await readComments(percy, incident.id)).toEqual(['Said while cut off']);
    const after = await percy.send('GET', `/api/incidents/${incident.id}`);
    expect(after).toMatchObject({ description: 'After', status: 'RESOLVED', resolution: 'It went away' });
    await expect(page.getByTestId('comment')).toHaveCount(1);
    await expect(page.getByTestId('comment')).not.toContainText('waiting');
    await expect(page.getByTestId('resolution')).toContainText('It went away');
  });

  test('should report, take and delete later as well, and let go of what is cancelled', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('To be taken') });
    await (await actAs('cedric')).comment(incident.id, 'To be deleted');
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(page);
    await page.getByTestId('comment').hover();
    await page.getByRole('button', { name: 'Delete comment by Cedric Diggory' }).click();
    await page.getByRole('button', { name: `Take it: ${incident.title}` }).click();
    await expect(page.getByTestId('incident-waiting')).toContainText('You take it');
    await writeComment(page, 'Not to be said');
    const pill = page.getByTestId('link-state');
    await page.getByRole('button', { name: /waiting|not sent/ }).click();
    await page.getByTestId('waiting-write').filter({ hasText: 'Not to be said' }).getByRole('button', { name: 'Cancel' }).click();
    await page.keyboard.press('Escape');
    await expect(page.getByLabel('Write a comment')).toHaveValue('Not to be said');
    await page.goto('/incidents');
    const title = makeUniqueTitle('Reported while cut off');
    await page.getByRole('button', { name: 'Report incident' }).click();
    const form = page.getByRole('dialog', { name: 'Report an incident' });
    await form.getByLabel('What happened').fill(title);
    await form.getByRole('button', { name: 'Report incident' }).click();
    await expect(form).toBeHidden();
    await expect(pill).toContainText('3 waiting');
    line.mend();
    await waitUntilAllIsSent(page);
    expect(await readComments(percy, incident.id)).toEqual([]);
    expect(await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ acknowledgedBy: { name: 'Cedric Diggory' } });
    const { incidents } = await percy.send<{ incidents: unknown[] }>('GET', `/api/incidents?q=${encodeURIComponent(title)}`);
    expect(incidents).toHaveLength(1);
  });

  test('should ask when two people changed the same, and send what is chosen', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Both'), description: 'It was', location: 'Hall' });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(page);
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: 'Edit incident' });
    await form.getByLabel('Description').fill('Mine');
    await form.getByLabel('Where').fill('My place');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await expect(page.getByTestId('incident-waiting')).toContainText('description: Mine');
    await percy.update(incident.id, { description: 'Theirs', severity: 'SERIOUS' });
    line.mend();
    const notice = page.getByTestId('collision-description');
    await expect(notice).toContainText('Percy Weasley changed the description', { timeout: 20_000 });
    await expect(page.getByTestId('link-state')).toContainText('1 not sent');
    expect(await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ description: 'Theirs', location: 'Hall' });
    // Undecided, it is asked after a reload as well.
    await page.reload();
    await notice.getByRole('button', { name: 'Use mine' }).click();
    await waitUntilAllIsSent(page);
    expect(await percy.send('GET', `/api/incidents/${incident.id}`)).toMatchObject({ description: 'Mine', location: 'My place', severity: 'SERIOUS' });
  });

  test('should send from one of two tabs', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Two tabs') });
    const first = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(first);
    const second = await first.context().newPage();
    line.mend();
    await second.goto(`/incidents/${incident.id}`);
    await waitForLiveLink(second);
    await waitForLiveLink(first);
    for (const tab of [first, second]) await expect(tab.getByTestId('link-state')).toHaveAttribute('data-transport', 'websocket');
    await line.cut();
    for (const tab of [first, second]) await expect(tab.getByTestId('link-state')).toHaveAttribute('data-link', /reconnecting|offline/);
    await writeComment(first, 'From the first');
    await writeComment(second, 'From the second');
    for (const tab of [first, second]) await expect(tab.getByTestId('link-state')).toContainText('2 waiting');
    const sent: string[] = [];
    first.context().on('requestfinished', (request) => isWrite(request) && sent.push((request.postDataJSON() as { content: string }).content));
    line.mend();
    for (const tab of [first, second]) await waitUntilAllIsSent(tab);
    expect(sent).toEqual(['From the first', 'From the second']);
    expect(await readComments(percy, incident.id)).toEqual(['From the first', 'From the second']);
    for (const tab of [first, second]) await expect(tab.getByTestId('comment')).toHaveText([/From the first/, /From the second/]);
  });

  test('should not say twice what was answered into the void', { tag: '@database' }, async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Answer lost') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const keys: (string | undefined)[] = [];
    await page.route('**/comments', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length > 1) return route.fallback();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByLabel('Write a comment').fill('Once');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => keys.length).toBe(2);
    await waitUntilAllIsSent(page);
    expect(keys[1]).toBe(keys[0]);
    expect(await readComments(percy, incident.id)).toEqual(['Once']);
    await expect(page.getByTestId('comment')).toHaveCount(1);
  });

  test('should not lose what was on its way when the page was closed', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Closed too early') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    let stuck = 0;
    await page.route('**/comments', (route) => (route.request().method() === 'POST' && stuck === 0 ? void (stuck += 1) : route.fallback()));
    await page.getByLabel('Write a comment').fill('Still on its way');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => stuck).toBe(1);
    await page.reload();
    await expect.poll(() => readComments(percy, incident.id), { timeout: 40_000 }).toEqual(['Still on its way']);
  });

  test('should give back what the server refuses', async ({ openAs, actAs }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Refused') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(page);
    await writeComment(page, 'Not wanted');
    await writeComment(page, 'Welcome');
    await page.route('**/comments', (route) =>
      route.request().postData()?.includes('Not wanted')
        ? route.fulfill({ status: 403, json: { error: { code: 'FORBIDDEN', message: 'Not tonight' } } })
        : route.fallback(),
    );
    line.mend();
    const pill = page.getByTestId('link-state');
    await expect(pill).toContainText('1 not sent', { timeout: 20_000 });
    await expect.poll(() => readComments(percy, incident.id)).toEqual(['Welcome']);
    await page.getByRole('button', { name: /waiting|not sent/ }).click();
    const refused = page.getByTestId('waiting-write');
    await expect(refused).toContainText('Not tonight');
    await refused.getByRole('button', { name: 'Back to draft' }).click();
    await expect(page.getByLabel('Write a comment')).toHaveValue('Not wanted');
    await expect(pill).not.toContainText('not sent');
  });

  test('should send nothing as somebody else', async ({ openAs, actAs, server }) => {
    const percy = await actAs('percy');
    const incident = await percy.report({ title: makeUniqueTitle('Whose words') });
    const page = await openAs('cedric', `/incidents/${incident.id}`);
    const line = await cutLineOf(page);
    await writeComment(page, 'Mine alone');
    const signInAs = async (person: 'cedric' | 'hermione') => {
      const { login } = await ApiActor.signIn(server, person);
      await page.evaluate((session) => localStorage.setItem('owlpost.session', session), describeSessionForStorage(login));
      await page.goto(`/incidents/${incident.id}`);
      await waitForLiveLink(page);
    };
    line.mend();
    await page.evaluate(() => localStorage.removeItem('owlpost.session'));
    await signInAs('hermione');
    await expect(page.getByTestId('link-state')).not.toContainText('waiting');
    await page.getByLabel('Write a comment').fill('Mine');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => readComments(percy, incident.id)).toEqual(['Mine']);
    await page.evaluate(() => localStorage.removeItem('owlpost.session'));
    await signInAs('cedric');
    await expect.poll(() => readComments(percy, incident.id), { timeout: 20_000 }).toEqual(['Mine', 'Mine alone']);
    const { comments } = await percy.send<{ comments: { author: { name: string } }[] }>('GET', `/api/incidents/${incident.id}/comments`);
    expect(comments.map(({ author }) => author.name)).toEqual(['Hermione Granger', 'Cedric Diggory']);
  });
});
