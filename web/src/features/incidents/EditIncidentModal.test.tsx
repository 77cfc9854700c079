import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../lib/testData';
import { describeRefusal, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { EditIncidentModal } from './EditIncidentModal';

const fake = startFakeServer();
const egg = buildIncidentForTest({ id: 'i1', title: 'Egg', description: 'In the hut', severity: 'MISCHIEF' });

function openDialog(onClose = vi.fn()) {
  fake.house.incidents = [egg];
  return { ...renderScreen(<EditIncidentModal incident={egg} opened onClose={onClose} />, { as: percy }), onClose };
}

/** Somebody saves first; what is sent for an older version is refused, as the server does it. */
function letHarryBeFaster(changes: Parameters<typeof fake.house.change>[1]) {
  fake.house.change('i1', changes);
  fake.house.timeline = [
    {
      id: 't1',
      eventId: '7',
      kind: 'updated',
      actor: harry,
      at: '2026-01-01T12:30:00.000Z',
      until: null,
      changes: Object.entries(changes).map(([field, to]) => ({ field, from: null, to: to as string })),
    },
  ];
  fake.use(http.patch('/api/incidents/{id}', ({ response }) => response(409).json(describeRefusal('CONFLICT', 'version 2')), { once: true }));
}

describe('the edit of an incident', () => {
  beforeEach(() => localStorage.clear());

  it('should send what was changed, and nothing else', async () => {
    const { user, onClose } = openDialog();
    const title = await screen.findByLabelText(/^What happened/);
    await user.clear(title);
    await user.type(title, 'Dragon egg');
    await user.click(screen.getByRole('button', { name: 'Save changes' }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(fake.requests).toEqual([{ method: 'PATCH', path: '/api/incidents/i1', body: { title: 'Dragon egg', version: 1 } }]);
  });

  it('should save over what somebody else changed elsewhere, and keep theirs', async () => {
    const { user, onClose } = openDialog();
    letHarryBeFaster({ severity: 'CRITICAL' });
    await user.type(await screen.findByLabelText(/^What happened/), '!');
    await user.click(screen.getByRole('button', { name: 'Save changes' }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(fake.house.findIncident('i1')).toMatchObject({ title: 'Egg!', severity: 'CRITICAL', version: 3 });
  });

  it.each([
    ['Keep theirs', 'Cold egg', 0],
    ['Use mine', 'Warm egg', 1],
  ])('should show both texts, who and when, for what both changed: %s', async (choice, kept, sent) => {
    const { user, onClose } = openDialog();
    letHarryBeFaster({ title: 'Cold egg' });
    const title = await screen.findByLabelText<HTMLInputElement>(/^What happened/);
    await user.clear(title);
    await user.type(title, 'Warm egg');
    await user.click(screen.getByRole('button', { name: 'Save changes' }));
    const question = await screen.findByTestId('collision-title');
    expect(await within(question).findByText(/^Harry Potter changed what happened at \d/)).toBeTruthy();
    expect(question.textContent).toContain('Theirs: Cold egg');
    expect(question.textContent).toContain('Yours: Warm egg');
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save changes' });
    expect(save.disabled).toBe(true);
    await user.click(within(question).getByRole('button', { name: choice }));
    expect(title.value).toBe(kept);
    const before = fake.requests.length;
    await user.click(save);
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(fake.house.findIncident('i1').title).toBe(kept);
    expect(fake.requests.length - before).toBe(sent);
  });

  it('should ask before it closes over what was not sent, and have it back', async () => {
    const { user, onClose, unmount } = openDialog();
    await user.type(await screen.findByLabelText(/^What happened/), ' in the fire');
    await user.keyboard('{Escape}');
    expect(onClose).not.toHaveBeenCalled();
    await user.click(screen.getByRole('button', { name: 'Keep as draft' }));
    expect(onClose).toHaveBeenCalled();
    unmount();
    const again = openDialog();
    expect((await screen.findByLabelText<HTMLInputElement>(/^What happened/)).value).toBe('Egg in the fire');
    await again.user.click(screen.getByRole('button', { name: 'Discard draft' }));
    expect(screen.getByLabelText<HTMLInputElement>(/^What happened/).value).toBe('Egg');
  });
});
