import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { buildIncidentForTest, harry, percy } from '../../lib/testData';
import { http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { FilterBar } from './FilterBar';

const fake = startFakeServer();
const findAssignee = () => screen.findByRole<HTMLInputElement>('combobox', { name: 'Assignee' });

describe('the filter of whose incidents are shown', () => {
  it('should name whoever the address names, also when they are not among the first who are found', async () => {
    fake.use(http.get('/api/users', ({ response }) => response(200).json({ users: [percy], nextAfter: null })));
    const seamus = { ...percy, id: 'u-seamus', name: 'Seamus Finnigan' };
    fake.house.incidents = [buildIncidentForTest({ id: 'i1', assignee: seamus })];
    renderScreen(<FilterBar filters={{ assignee: seamus.id }} onChange={() => undefined} />, { as: harry });
    await waitFor(async () => expect((await findAssignee()).value).toBe('Seamus Finnigan'));
  });

  it('should not pretend to show everybody’s when it cannot know whose they are', async () => {
    renderScreen(<FilterBar filters={{ assignee: 'u-nobody' }} onChange={() => undefined} />, { as: harry });
    await waitFor(async () => expect((await findAssignee()).value).toBe('One person'));
  });
});
