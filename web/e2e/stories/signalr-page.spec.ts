import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ForeignSite } from '../harness/foreignSite';
import { expect, makeUniqueTitle, test } from '../harness/test';

/** The build that browsers get from npm. */
const SCRIPT = join(dirname(createRequire(import.meta.url).resolve('@microsoft/signalr/package.json')), 'dist/browser/signalr.js');

/** One page, whose parameters are those of its query; what it hears it shows. */
const PAGE = `<!doctype html><title>A page of another origin</title><ul id="heard"></ul>
<script src="/signalr.js"></script>
<script>
  const asked = new URLSearchParams(location.search);
  const show = (text) => {
    const item = document.createElement('li');
    item.textContent = text;
    document.getElementById('heard').append(item);
  };
  const connection = new signalR.HubConnectionBuilder()
    .withUrl('http://localhost:4001/hub/incidents', {
      accessTokenFactory: () => asked.get('token'),
      transport: signalR.HttpTransportType[asked.get('transport')],
    })
    .withAutomaticReconnect(Array(100).fill(100))
    .build();
  connection.on('IncidentCreated', ({ incident }) => show('created ' + incident.title));
  connection.on('CommentCreated', ({ comment }) => show('comment ' + comment.content));
  connection.onreconnected(() => show('reconnected'));
  connection.start()
    .then(() => connection.invoke('JoinIncidentRoom', asked.get('incident')))
    .then(({ count }) => show('joined ' + count), (error) => show('failed ' + error.message));
</script>`;

test.describe('a page of another origin with the browser build of @microsoft/signalr', () => {
  let site: ForeignSite;

  test.beforeAll(async ({ server }, info) => {
    site = await ForeignSite.open(server, info, PAGE, { '/signalr.js': SCRIPT });
  });

  test.afterAll(() => site?.close());

  for (const transport of ['WebSockets', 'ServerSentEvents', 'LongPolling']) {
    test(`should hear by ${transport} what others do, and come back after a restart`, async ({ actAs, server }) => {
      const [harry, ron] = [await actAs('harry'), await actAs('ron')];
      const incident = await ron.report({ title: makeUniqueTitle('Watched by hub') });
      const page = await site.openPage({ transport, token: harry.login.accessToken, incident: incident.id });
      await expect(page.getByText('joined 1')).toBeVisible();
      const created = await ron.report({ title: makeUniqueTitle('Told by hub') });
      await expect(page.getByText(`created ${created.title}`)).toBeVisible();
      const words = makeUniqueTitle('Words');
      await ron.comment(incident.id, words);
      await expect(page.getByText(`comment ${words}`)).toBeVisible();
      await server.halt();
      await server.resume();
      await expect(page.getByText('reconnected')).toBeVisible({ timeout: 20_000 });
      const later = await ron.report({ title: makeUniqueTitle('Told after the restart') });
      await expect(page.getByText(`created ${later.title}`)).toBeVisible();
      await page.close();
    });
  }

  test('should be told nothing from an origin that is not allowed', async ({ actAs, server }) => {
    const harry = await actAs('harry');
    const page = await site.openForeignPage({ transport: 'WebSockets', token: harry.login.accessToken, incident: 'x' });
    await expect(page.getByText(/^failed /)).toBeVisible();
    expect(server.port).not.toBe(site.port);
    await page.close();
  });
});
