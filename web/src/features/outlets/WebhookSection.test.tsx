import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Webhook } from '@owlpost/client/rest';
import { harry } from '../../lib/testData';
import { describeRefusal, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { buildOutletForTest, buildWebhookForTest } from './testData';
import { OutletsPage } from '.';

const fake = startFakeServer();
const tonks = { ...harry, id: 'u-tonks', name: 'Nymphadora Tonks', role: 'AUROR' as const };
let webhooks: Webhook[] = [];

beforeEach(() => {
  webhooks = [];
  fake.use(
    http.get('/api/webhooks', ({ response }) => response(200).json({ webhooks })),
    http.get('/api/outlets', ({ response }) => response(200).json({ outlets: webhooks.map(({ outlet }) => outlet) })),
  );
});

const showPage = () => renderScreen(<OutletsPage />, { as: tonks, path: '/outlets' });

async function openNewForm() {
  const shown = showPage();
  await shown.user.click(await screen.findByRole('button', { name: 'New webhook' }));
  return { ...shown, form: within(await screen.findByRole('form', { name: 'New webhook' })) };
}

async function askOf(user: ReturnType<typeof showPage>['user'], name: string, deed: string) {
  await user.click(await screen.findByRole('button', { name: `What to do with ${name}` }));
  await user.click(await screen.findByRole('menuitem', { name: deed }));
}

describe('the page of outlets', () => {
  it('should say that there is nobody to tell, and what cannot be loaded', async () => {
    const { unmount } = showPage();
    expect(await screen.findByText('Nobody is called yet')).toBeTruthy();
    expect(await screen.findByText('No broker is configured.')).toBeTruthy();
    unmount();
    fake.use(http.get('/api/webhooks', ({ response }) => response(403).json(describeRefusal('FORBIDDEN', 'Only Aurors may do this'))));
    showPage();
    expect(await screen.findByText('Only Aurors may do this')).toBeTruthy();
  });

  it('should say how each fares, the worst aloud', async () => {
    const failing = { failingSince: new Date(Date.now() - 3_600_000).toISOString(), lastError: 'it answered 500', failures: 7, lagEvents: 3 };
    webhooks = [
      buildWebhookForTest({ id: 'w3', enabled: false, disabledReason: 'it answered 410 Gone' }),
      buildWebhookForTest({ id: 'w2', outlet: buildOutletForTest({ name: 'webhook:w2', position: '7', ...failing }) }),
      buildWebhookForTest({ id: 'w1' }),
    ];
    const isGone = (after: string | null) => after === '7';
    fake.use(
      http.get('/api/events', ({ query, response }) =>
        response(200).json({ events: [], lastEventId: '9', complete: !isGone(query.get('after')), hasMore: false }),
      ),
    );
    showPage();
    const rows = await screen.findAllByTestId('webhook');
    expect(rows.map((row) => row.querySelector<HTMLElement>('[data-standing]')?.dataset.standing)).toEqual(['disabled', 'failing', 'live']);
    expect(rows[0]!.textContent).toContain('it answered 410 Gone');
    expect(within(rows[1]!).getByTestId('last-failure').textContent).toBe('Nothing taken since 1h ago: it answered 500');
    expect(rows[1]!.textContent).toContain('3 events wait');
    await waitFor(() => expect(screen.getAllByTestId('outlet-gap')).toHaveLength(1));
    expect(rows[1]!.contains(screen.getByTestId('outlet-gap'))).toBe(true);
  });
});

describe('a new webhook', () => {
  it('should be checked before it is sent, and say at each field what the server says of it', async () => {
    const { user, form } = await openNewForm();
    await user.clear(form.getByLabelText('Events'));
    await user.click(form.getByRole('button', { name: 'Make webhook' }));
    for (const words of ['What it is known by, up to 100 characters', 'The address that is called', 'One pattern at least']) expect(form.getByText(words)).toBeTruthy();
    expect(fake.requests).toEqual([]);
    await user.type(form.getByLabelText('Name'), 'Daily Prophet');
    await user.type(form.getByLabelText('Address'), 'prophet.example.org');
    await user.type(form.getByLabelText('Events'), 'incident.* comment.*');
    for (const [field, label, message] of [
      ['url', 'Address', 'must be an address such as https://example.org/hook'],
      ['events', 'Events', 'must be patterns such as incident.* or #.created'],
      ['name', 'Name', 'must be 1 to 100 characters'],
      ['template', 'Written for', 'must be one of generic, slack, mattermost, teams'],
      ['severities', 'Severities', 'must be a list of severities'],
    ] as const) {
      fake.use(http.post('/api/webhooks', ({ response }) => response(400).json(describeRefusal('VALIDATION_ERROR', `${field}: ${message}`, { field }))));
      await user.click(form.getByRole('button', { name: 'Make webhook' }));
      const shown = message.charAt(0).toUpperCase() + message.slice(1);
      const said = await form.findByText(shown);
      const input = form.getByLabelText(label, { selector: 'input, [role="group"]' });
      expect(input.closest('.mantine-InputWrapper-root, .mantine-CheckboxGroup-root')?.contains(said) ?? input.contains(said), label).toBe(true);
    }
    expect(fake.requests.at(-1)?.body).toEqual({ name: 'Daily Prophet', url: 'prophet.example.org', template: 'generic', events: ['incident.*', 'comment.*'], severities: [] });
  });

  it('should say of the whole what is of no field: that there are as many as may be, too many requests, no server', async () => {
    const { user, form } = await openNewForm();
    await user.type(form.getByLabelText('Name'), 'One more');
    await user.type(form.getByLabelText('Address'), 'https://one.example.org');
    for (const [code, status, words] of [
      ['CONFLICT', 409, 'There may be 50 webhooks; delete one first'],
      ['FORBIDDEN', 403, 'Only Aurors may do this'],
      ['RATE_LIMITED', 429, 'Too many requests. Try again in a moment.'],
      ['SERVICE_UNAVAILABLE', 503, 'The database cannot be reached'],
    ] as const) {
      fake.use(http.post('/api/webhooks', ({ response }) => response.untyped(Response.json(describeRefusal(code as never, words), { status }))));
      await user.click(form.getByRole('button', { name: 'Make webhook' }));
      await waitFor(() => expect(form.getByRole('alert').textContent).toBe(words));
    }
    fake.use(http.post('/api/webhooks', ({ response }) => response.untyped(Response.error())));
    await user.click(form.getByRole('button', { name: 'Make webhook' }));
    await waitFor(() => expect(form.getByRole('alert').textContent).toContain('The server cannot be reached'));
  });

  it('should show its secret once', async () => {
    const { user, form } = await openNewForm();
    const made = buildWebhookForTest({ id: 'w1', name: 'Daily Prophet' });
    fake.use(
      http.post('/api/webhooks', ({ response }) => {
        webhooks = [made];
        return response(201).json({ ...made, secret: 'whsec_c2VjcmV0' });
      }),
    );
    await user.type(form.getByLabelText('Name'), 'Daily Prophet');
    await user.type(form.getByLabelText('Address'), made.url);
    await user.click(form.getByLabelText('Critical'));
    await user.click(form.getByRole('button', { name: 'Make webhook' }));
    expect((await screen.findByTestId('secret')).textContent).toContain('whsec_c2VjcmV0');
    expect(await screen.findAllByTestId('webhook')).toHaveLength(1);
    expect(fake.requests.at(-1)?.body).toMatchObject({ severities: ['CRITICAL'], events: ['incident.*', 'comment.*', 'escalation.*'] });
    await user.click(screen.getByRole('button', { name: 'I have it' }));
    expect(screen.queryByTestId('secret')).toBeNull();
  });
});

describe('a webhook there is', () => {
  beforeEach(() => {
    webhooks = [buildWebhookForTest({ id: 'w1', name: 'Daily Prophet' })];
  });

  it('should be sent what was changed of it, and leave what others changed meanwhile', async () => {
    fake.use(http.patch('/api/webhooks/{id}', ({ response }) => response(200).json(webhooks[0]!)));
    const { user } = showPage();
    await askOf(user, 'Daily Prophet', 'Edit');
    const form = within(await screen.findByRole('form', { name: 'Edit Daily Prophet' }));
    webhooks = [{ ...webhooks[0]!, template: 'slack', events: ['#'] }];
    await user.type(form.getByLabelText('Name'), ' (evening)');
    await user.click(form.getByRole('button', { name: 'Save changes' }));
    await waitFor(() => expect(fake.requests.map(({ body }) => body)).toEqual([{ name: 'Daily Prophet (evening)' }]));
    await waitFor(() => expect(screen.queryByRole('form', { name: 'Edit Daily Prophet' })).toBeNull());
  });

  it('should be called again, or say why not', async () => {
    fake.use(http.patch('/api/webhooks/{id}', ({ response }) => response(403).json(describeRefusal('FORBIDDEN', 'Only Aurors may do this'))));
    const { user } = showPage();
    await user.click(await screen.findByRole('switch', { name: 'Daily Prophet is called' }));
    expect((await within(screen.getByTestId('webhook')).findByRole('alert')).textContent).toBe('Only Aurors may do this');
    expect(fake.requests.at(-1)?.body).toEqual({ enabled: false });
    expect(screen.getByRole<HTMLInputElement>('switch', { name: 'Daily Prophet is called' }).checked).toBe(true);
  });

  it('should be told again from an event that the log has, and say at the field when it has not', async () => {
    fake.use(
      http.post('/api/webhooks/{id}/redeliver', ({ response }) =>
        response(400).json(describeRefusal('VALIDATION_ERROR', 'from: must be the eventId of an event that the log still has', { field: 'from' })),
      ),
    );
    const { user } = showPage();
    await askOf(user, 'Daily Prophet', 'Deliver again');
    const dialog = within(await screen.findByRole('dialog', { name: 'Deliver again to Daily Prophet' }));
    const from = dialog.getByLabelText<HTMLInputElement>('From event');
    expect(from.value).toBe('41');
    await user.clear(from);
    await user.type(from, 'yesterday');
    await user.click(dialog.getByRole('button', { name: 'Deliver again' }));
    expect(dialog.getByText('The number of an event')).toBeTruthy();
    await user.clear(from);
    await user.type(from, '900');
    await user.click(dialog.getByRole('button', { name: 'Deliver again' }));
    expect(await dialog.findByText('Must be the eventId of an event that the log still has')).toBeTruthy();
    fake.use(http.post('/api/webhooks/{id}/redeliver', ({ response }) => response(202).json(webhooks[0]!)));
    await user.click(dialog.getByRole('button', { name: 'Deliver again' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(fake.requests.map(({ body }) => body)).toEqual([{ from: '900' }, { from: '900' }]);
  });

  it('should be deleted by nobody twice: who comes second is told', async () => {
    fake.use(
      http.delete('/api/webhooks/{id}', ({ response }) => {
        webhooks = [];
        return response.untyped(Response.json(describeRefusal('NOT_FOUND', 'Webhook not found'), { status: 404 }));
      }),
    );
    const { user } = showPage();
    await askOf(user, 'Daily Prophet', 'Delete');
    await user.click(await screen.findByRole('button', { name: 'Delete for good' }));
    expect(await screen.findByText('Somebody deleted it meanwhile.')).toBeTruthy();
    expect(await screen.findByText('Nobody is called yet')).toBeTruthy();
  });
});
