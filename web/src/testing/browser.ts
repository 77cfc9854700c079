import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

/** What screens ask of a browser and jsdom does not have. It lays nothing out: everything is zero high. */
Object.defineProperty(window, 'matchMedia', {
  configurable: true,
  value: (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
  }),
});
class NothingObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords = () => [];
}
Object.assign(globalThis, { ResizeObserver: NothingObserver, IntersectionObserver: NothingObserver });
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.scrollTo = () => undefined;
Object.defineProperty(document, 'fonts', {
  configurable: true,
  value: { addEventListener: () => undefined, removeEventListener: () => undefined },
});

// A shared machine can be slow for a moment.
configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);
