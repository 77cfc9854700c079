import { createRequire } from 'node:module';
import { ForeignSite } from '../harness/foreignSite';
import { expect, makeUniqueTitle, test } from '../harness/test';

/** The builds that browsers get from npm. */
const require = createRequire(import.meta.url);
const SCRIPTS: Record<string, string> = {
  '/stomp.js': require.resolve('@stomp/stompjs'),
  '/sockjs.js': require.resolve('sockjs-client/dist/sockjs.js'),
};

/** One page, whose parameters are those of its query; what it hears it shows. */
const PAGE = `<!doctype html><title>A page of another origin</title><ul id="heard"></ul>
<script src="/sockjs.js"></script><script src="/stomp.js"></script>
<script>
  const asked = new URLSearchParams(location.search);
  const show = (text) => {
    const item = document.createElement('li');
    item.textContent = text;
    document.getElementById('heard').append(item);
  };
  const transport = asked.get('transport');
  const open = () => transport === 'raw'
    ? new WebSocket('ws://localhost:4001/ws', ['v12.stomp'])
    : new SockJS('http://localhost:4001/ws', null, { transports: transport });
  const client = StompJs.Stomp.over(open);
  client.debug = () => {};
  client.reconnect_delay = 200;
  let times = 0;
  client.connect({ Authorization: 'Bearer ' + asked.get('token') }, () => {
    times += 1;
    client.subscribe('/topic/incidents', (message) => show('created ' + JSON.parse(message.body).incident.title));
    client.subscribe('/topic/incident/' + asked.get('incident'), (message) => {
      if (message.headers.event === 'comment.created') show('comment ' + JSON.parse(message.body).comment.content);
    }, { receipt: 'joined' });
    client.watchForReceipt('joined', () => show('connected ' + times));
  }, (frame) => show('failed ' + frame.headers.message), (event) => show('closed ' + event.code));
</script>`;

test.describe('a page of another origin with the browser builds of stompjs and sockjs-client', () => {
  let site: ForeignSite;

  test.beforeAll(async ({ server }, info) => {
    site = await ForeignSite.open(server, info, PAGE, SCRIPTS);
  });

  test.afterAll(() => site?.close());

  for (const transport of ['raw', 'websocket', 'xhr-streaming', 'xhr-polling', 'eventsource']) {
    test(`should hear by ${transport} what others do, and come back after a restart`, async ({ actAs, server }) => {
      const [harry, ron] = [await actAs('harry'), await actAs('ron')];
      const incident = await ron.report({ title: makeUniqueTitle('Watched by STOMP') });
      const page = await site.openPage({ transport, token: harry.login.accessToken, incident: incident.id });
      await expect(page.getByText('connected 1')).toBeVisible();
      const created = await ron.report({ title: makeUniqueTitle('Told by STOMP') });
      await expect(page.getByText(`created ${created.title}`)).toBeVisible();
      const words = makeUniqueTitle('Wörter 🦉');
      await ron.comment(incident.id, words);
      await expect(page.getByText(`comment ${words}`)).toBeVisible();
      await server.halt();
      await server.resume();
      await expect(page.getByText(/^connected [2-9]/)).toBeVisible({ timeout: 20_000 });
      const later = await ron.report({ title: makeUniqueTitle('Told after the restart') });
      await expect(page.getByText(`created ${later.title}`)).toBeVisible();
      await page.close();
    });
  }

  test('should load the library into the page for iframes', async ({ server }) => {
    const page = await site.openPageAtOrigin(`http://127.0.0.1:${server.port}`, {}, '/ws/iframe.html');
    expect(await page.evaluate(() => typeof (globalThis as { SockJS?: unknown }).SockJS)).toBe('function');
    await page.close();
  });

  test('should be told nothing from an origin that is not allowed', async ({ actAs }) => {
    const harry = await actAs('harry');
    for (const transport of ['raw', 'xhr-polling']) {
      const page = await site.openForeignPage({ transport, token: harry.login.accessToken, incident: 'x' });
      await expect(page.getByText(/^closed 100[26]/).first()).toBeVisible();
      await page.close();
    }
  });
});
