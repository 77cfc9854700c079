import { cleanup, screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../lib/testData';
import { describeRefusal, holdAnswerBack, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { IncidentList } from '../../features/incidents/IncidentList';
import { IncidentRoute } from './IncidentRoute';

const fake = startFakeServer();

async function openIncident(as = percy) {
  const shown = renderScreen(
    <Routes>
      <Route path="/incidents/:id" element={<IncidentRoute />} />
    </Routes>,
    { as, path: '/incidents/i1' },
  );
  await screen.findByRole('heading', { level: 1, name: 'Egg' });
  return shown;
}

function findSeverity() {
  return within(screen.getByRole('region', { name: 'Properties' })).getByRole<HTMLInputElement>('combobox', { name: 'Severity' });
}

async function chooseCritical(user: Awaited<ReturnType<typeof openIncident>>['user']) {
  await user.click(findSeverity());
  await user.click(await screen.findByRole('option', { name: 'Critical' }));
}

describe('the page of an incident', () => {
  beforeEach(() => {
    fake.house.incidents = [buildIncidentForTest({ id: 'i1', title: 'Egg', description: 'It moves, see https://owl.example/egg' })];
  });

  it('should show a change before the server has agreed, and keep it when it has', async () => {
    const { held, letGo } = holdAnswerBack();
    fake.use(
      http.patch('/api/incidents/{id}', async ({ params, response }) => {
        await held;
        return response(200).json(fake.house.change(params.id, { severity: 'CRITICAL' }));
      }),
    );
    const { user } = await openIncident();
    await chooseCritical(user);
    expect(within(screen.getByTestId('incident-summary')).getByText('Critical')).toBeTruthy();
    expect(fake.house.findIncident('i1').severity).toBe('MISCHIEF');
    letGo();
    await waitFor(() => expect(fake.house.findIncident('i1').severity).toBe('CRITICAL'));
    expect(findSeverity().value).toBe('Critical');
    expect(fake.requests).toEqual([{ method: 'PATCH', path: '/api/incidents/i1', body: { severity: 'CRITICAL', version: 1 } }]);
  });

  it('should take a refused change back, and say so', async () => {
    fake.use(http.patch('/api/incidents/{id}', ({ response }) => response(403).json(describeRefusal('FORBIDDEN', 'This is for Prefects and Aurors'))));
    const { user } = await openIncident();
    await chooseCritical(user);
    expect(await screen.findByText('The change was not saved')).toBeTruthy();
    expect(screen.getByText('This is for Prefects and Aurors')).toBeTruthy();
    await waitFor(() => expect(findSeverity().value).toBe('Mischief'));
    expect(within(screen.getByTestId('incident-summary')).queryByText('Critical')).toBeNull();
  });

  it('should ask whose value stays when somebody else was faster', async () => {
    fake.use(
      http.patch(
        '/api/incidents/{id}',
        ({ params, response }) => {
          fake.house.change(params.id, { severity: 'SERIOUS' });
          return response(409).json(describeRefusal('CONFLICT', 'version 2'));
        },
        { once: true },
      ),
    );
    const { user } = await openIncident();
    await chooseCritical(user);
    const question = await screen.findByTestId('collision-severity');
    expect(within(question).getByText(/Serious/)).toBeTruthy();
    expect(within(question).getByText(/Critical/)).toBeTruthy();
    await user.click(within(question).getByRole('button', { name: 'Use mine' }));
    await waitFor(() => expect(fake.house.findIncident('i1').severity).toBe('CRITICAL'));
    expect(fake.requests.at(-1)?.body).toEqual({ severity: 'CRITICAL', version: 2 });
  });

  it('should offer what a person may do, and change with their role', async () => {
    const { hear } = await openIncident({ ...harry, id: 'u-cedric', handle: 'cedric', name: 'Cedric Diggory' });
    const listButtons = () => [screen.queryByRole('button', { name: 'Edit' }), screen.queryByRole('button', { name: /^Take it/ })];
    expect(listButtons()).toEqual([null, null]);
    expect(findSeverity().disabled).toBe(true);
    hear('user:updated', { user: { ...harry, id: 'u-cedric', handle: 'cedric', name: 'Cedric Diggory', role: 'PREFECT' }, eventId: '9' });
    await waitFor(() => expect(listButtons()).not.toContain(null));
    expect(findSeverity().disabled).toBe(false);
    hear('user:updated', { user: { ...harry, id: 'u-cedric', handle: 'cedric', name: 'Cedric Diggory', role: 'STUDENT' }, eventId: '10' });
    await waitFor(() => expect(listButtons()).toEqual([null, null]));
  });

  it('should show what the list knew while the server is away, and not when it refuses', async () => {
    const openFromList = async () => {
      const { user } = renderScreen(
        <Routes>
          <Route path="/incidents" element={<IncidentList filters={{}} />} />
          <Route path="/incidents/:id" element={<IncidentRoute />} />
        </Routes>,
        { as: percy },
      );
      await user.click(await screen.findByRole('link', { name: 'Egg' }));
    };
    const refuse = (status: 403 | 503, code: 'FORBIDDEN' | 'UNAVAILABLE') =>
      http.get('/api/incidents/{id}', ({ response }) => response('default').json(describeRefusal(code, 'no'), { status }));
    fake.use(refuse(403, 'FORBIDDEN'));
    await openFromList();
    expect(await screen.findByText('This could not be loaded')).toBeTruthy();
    expect(screen.queryByTestId('from-list')).toBeNull();
    cleanup();
    fake.use(refuse(503, 'UNAVAILABLE'));
    await openFromList();
    expect(await screen.findByTestId('from-list')).toBeTruthy();
    expect(screen.getByRole('heading', { level: 1, name: 'Egg' })).toBeTruthy();
  });

  it('should say that there is none, and make links of what is written', async () => {
    await openIncident();
    expect(screen.getByRole('link', { name: 'https://owl.example/egg' }).getAttribute('rel')).toContain('noopener');
    fake.use(http.get('/api/incidents/{id}', ({ response }) => response(404).json(describeRefusal('NOT_FOUND', 'Incident not found'))));
    renderScreen(
      <Routes>
        <Route path="/incidents/:id" element={<IncidentRoute />} />
      </Routes>,
      { as: percy, path: '/incidents/i2' },
    );
    expect(await screen.findByRole('heading', { name: 'There is no such incident' })).toBeTruthy();
  });
});
