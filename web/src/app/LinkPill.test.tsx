import { act, screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { harry } from '../lib/testData';
import { startFakeServer } from '../testing/fakeServer';
import { renderScreen } from '../testing/renderScreen';
import { LinkPill } from './LinkPill';

startFakeServer();
const findState = () => screen.getByTestId('link-state');

describe('how true the page is', () => {
  it('should be live, lost, and live again with what was missed', async () => {
    const { socket, hear } = renderScreen(<LinkPill />, { as: harry });
    await waitFor(() => expect(findState().textContent).toBe('Live'));
    act(() => socket.disconnect());
    hear('disconnect', 'transport close');
    await waitFor(() => expect(findState().dataset.link).toBe('reconnecting'));
    act(() => socket.connect());
    expect(findState().textContent).toMatch(/^Catching up/);
    hear('events:resumed', { from: '0', to: '3', count: 3, complete: true });
    await waitFor(() => expect(findState().textContent).toBe('Live'));
    expect(await screen.findByText('Caught up 3 events')).toBeTruthy();
  });

  it('should be offline as soon as the machine is', async () => {
    renderScreen(<LinkPill />, { as: harry });
    await waitFor(() => expect(findState().textContent).toBe('Live'));
    act(() => void window.dispatchEvent(new Event('offline')));
    expect(findState().textContent).toBe('Offline');
    act(() => void window.dispatchEvent(new Event('online')));
    await waitFor(() => expect(findState().dataset.link).not.toBe('offline'));
  });
});
