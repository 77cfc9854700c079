import { act, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildCommentForTest, buildEventForTest, harry, percy } from '../../lib/testData';
import { describeRefusal, holdAnswerBack, http, startFakeServer } from '../../testing/fakeServer';
import { renderScreen } from '../../testing/renderScreen';
import { CommentThread } from '.';

const fake = startFakeServer();
const thread = <CommentThread incidentId="i1" ready />;
const findComposer = () => screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Write a comment' });
const listTexts = () => screen.queryAllByTestId('comment').map((comment) => comment.textContent);

describe('the composer', () => {
  beforeEach(() => localStorage.clear());

  it('should keep what was begun, for its writer alone, until it is sent', async () => {
    const { user, unmount } = renderScreen(thread, { as: percy });
    await user.type(await findComposer(), 'Half a tho');
    unmount();
    const others = renderScreen(thread, { as: harry });
    expect((await findComposer()).value).toBe('');
    others.unmount();
    const again = renderScreen(thread, { as: percy });
    expect((await findComposer()).value).toBe('Half a tho');
    await again.user.type(await findComposer(), 'ught');
    await again.user.click(screen.getByRole('button', { name: 'Comment' }));
    await waitFor(() => expect(fake.house.comments.map((comment) => comment.content)).toEqual(['Half a thought']));
    again.unmount();
    renderScreen(thread, { as: percy });
    expect((await findComposer()).value).toBe('');
    await waitFor(() => expect(listTexts()).toHaveLength(1));
  });

  it('should show a comment before the server has it, once when its event comes first', async () => {
    const real = buildCommentForTest({ id: 'c1', content: 'Hello', author: percy });
    const { held, letGo } = holdAnswerBack();
    let isAnswered = false;
    fake.use(
      http.post('/api/incidents/{id}/comments', async ({ response }) => {
        await held;
        isAnswered = true;
        return response(201).json(real);
      }),
    );
    const { user, hear } = renderScreen(thread, { as: percy });
    await user.type(await findComposer(), 'Hello');
    await user.keyboard('{Control>}{Enter}{/Control}');
    const pending = await screen.findByTestId('comment');
    expect(pending.textContent).toContain('sending…');
    const { name, payload } = buildEventForTest('comment:created', { comment: real, incidentId: 'i1', author: percy });
    hear(name, payload);
    await waitFor(() => expect(screen.getByTestId('comment').id).toBe('comment-c1'));
    letGo();
    await waitFor(() => expect(isAnswered).toBe(true));
    expect(listTexts()).toHaveLength(1);
  });

  it('should show a comment once, also when it begins to wait for a connection', async () => {
    const { user, socket, hear } = renderScreen(thread, { as: percy });
    const composer = await findComposer();
    await screen.findByText('Nobody has said anything yet.');
    act(() => socket.disconnect());
    hear('disconnect', 'transport close');
    const seen = new Set<string>();
    const observer = new MutationObserver(() => seen.add(listTexts().map((text) => (/One|Two/.exec(text ?? '') ?? ['?'])[0]).join()));
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    for (const words of ['One', 'Two']) {
      await user.type(composer, words);
      await user.keyboard('{Control>}{Enter}{/Control}');
      await waitFor(() => expect(listTexts().filter((text) => text?.includes(words))[0]).toContain('waiting'));
    }
    observer.disconnect();
    expect([...seen].filter(Boolean)).toEqual(['One', 'One,Two']);
  });

  it('should give a refused comment back to its writer', async () => {
    fake.use(http.post('/api/incidents/{id}/comments', ({ response }) => response(400).json(describeRefusal('VALIDATION_ERROR', 'must mention at most 20 people', { field: 'content' }))));
    const { user } = renderScreen(thread, { as: percy });
    await user.type(await findComposer(), 'Everybody!');
    await user.click(screen.getByRole('button', { name: 'Comment' }));
    expect(await screen.findByText('must mention at most 20 people')).toBeTruthy();
    await waitFor(async () => expect((await findComposer()).value).toBe('Everybody!'));
    expect(listTexts()).toEqual([]);
  });
});

describe('a mention', () => {
  it('should be marked when there is such a person, and is looked up once', async () => {
    const asked: (string | null)[] = [];
    fake.house.people = [percy, { ...harry, id: 'u-luna', handle: 'luna', name: 'Luna Lovegood' }];
    fake.use(
      http.get('/api/users', ({ query, response }) => {
        asked.push(query.get('q'));
        return response(200).json({ users: fake.house.people.filter((user) => user.handle === query.get('q')), nextAfter: null });
      }),
    );
    fake.house.comments = [
      buildCommentForTest({ id: 'c1', content: 'Ask @Luna, not @nobody.', author: harry }),
      buildCommentForTest({ id: 'c2', content: '@luna? @harry.potter and @percy.weasley know.', author: harry }),
    ];
    renderScreen(thread, { as: percy });
    await screen.findByText('@Luna');
    await waitFor(() =>
      expect(screen.getAllByTestId('comment').flatMap((comment) => [...comment.querySelectorAll('[data-mention]')].map((each) => each.textContent))).toEqual([
        '@Luna',
        '@luna',
        '@harry.potter',
        '@percy.weasley',
      ]),
    );
    expect(within(screen.getAllByTestId('comment')[1]!).getByText('@percy.weasley').dataset.me).toBe('true');
    expect(asked.toSorted()).toEqual(['luna', 'nobody']);
  });
});
