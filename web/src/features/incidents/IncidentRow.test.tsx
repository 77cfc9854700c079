import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { buildEventForTest, buildIncidentForTest, harry, percy } from '../../lib/testData';
import { describeRefusal, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { IncidentList } from './IncidentList';

const fake = startFakeServer();
const troll = buildIncidentForTest({ id: 'i1', title: 'Troll in the dungeon', severity: 'CRITICAL', location: 'Dungeons' });

describe('an incident of the list', () => {
  it('should say what it is, where, from whom, and whose it is', async () => {
    fake.house.incidents = [troll];
    renderScreen(<IncidentList filters={{}} />, { as: harry });
    const row = await screen.findByRole('article', { name: 'Troll in the dungeon' });
    for (const words of ['Critical', 'Open', 'Dungeons', /Harry Potter/]) expect(within(row).getByText(words)).toBeTruthy();
    expect(within(row).getByRole('img', { name: 'Unassigned' })).toBeTruthy();
    expect(within(row).getByRole('link').getAttribute('href')).toBe('/incidents/i1');
    expect(within(row).queryByRole('button')).toBeNull();
  });

  it('should be taken by who may, with the version that was seen', async () => {
    fake.house.incidents = [troll];
    const { user } = renderScreen(<IncidentList filters={{}} />, { as: percy });
    await user.click(await screen.findByRole('button', { name: 'Take it: Troll in the dungeon' }));
    await waitFor(() => expect(screen.queryByRole('button', { name: /^Take it/ })).toBeNull());
    expect(fake.requests).toEqual([{ method: 'POST', path: '/api/incidents/i1/acknowledge', body: { version: 1 } }]);
  });

  it('should name who was faster', async () => {
    fake.house.incidents = [troll];
    const details = { acknowledgedBy: harry, acknowledgedAt: '2026-01-01T10:00:00.000Z' };
    fake.use(http.post('/api/incidents/{id}/acknowledge', ({ response }) => response(409).json(describeRefusal('CONFLICT', 'taken', details))));
    const { user } = renderScreen(<IncidentList filters={{}} />, { as: percy });
    await user.click(await screen.findByRole('button', { name: /^Take it/ }));
    expect(await screen.findByText('Harry Potter has it')).toBeTruthy();
    await waitFor(() => expect(screen.queryByRole('button', { name: /^Take it/ })).toBeNull());
  });

  it('should follow what others change, and mark it', async () => {
    fake.house.incidents = [troll];
    const { hear } = renderScreen(<IncidentList filters={{}} />, { as: percy });
    await screen.findByRole('article');
    const changes = { title: 'Troll in the library', version: 2 };
    const { name, payload } = buildEventForTest('incident:updated', { incidentId: 'i1', changes, updatedBy: harry });
    hear(name, payload);
    const title = await screen.findByText('Troll in the library');
    expect(title.className).toContain('changed');
    expect(screen.getByText('Critical').closest('[class*="changed"]')).toBeNull();
  });

  it('should say when the list cannot be had, and ask again', async () => {
    fake.use(http.get('/api/incidents', ({ response }) => response('default').json(describeRefusal('FORBIDDEN', 'no'), { status: 403 })));
    const { user } = renderScreen(<IncidentList filters={{}} />, { as: percy });
    await screen.findByText('This could not be loaded');
    fake.use(http.get('/api/incidents', ({ response }) => response(200).json({ incidents: [troll], nextBefore: null })));
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('article')).toBeTruthy();
  });
});
