import { expect, test } from 'vitest';
import serverCode from '../../crates/server/src/dashboard.rs?raw';
import routerCode from './app/router.tsx?raw';
import workerCode from './serviceWorker.ts?raw';

function readNames(code: string, from: RegExp, name: RegExp): string[] {
  const [, text = ''] = from.exec(code) ?? [];
  return [...text.matchAll(name)].map((match) => match[1] ?? '').sort();
}

test('should agree in server, router and worker on what is a page of the dashboard', () => {
  const ofServer = readNames(serverCode, /const PAGES[^=]*= \[([^;]*)\];/, /\("([^"]*)", \d\)/g);
  const ofWorker = readNames(workerCode, /const PAGES = \[(.*)\]/, /'([^']*)'/g);
  const ofRouter = [...routerCode.matchAll(/path="\/([a-z-]*)/g)].map((match) => match[1] ?? '');
  expect(ofServer).toContain('incidents');
  expect(ofWorker).toEqual(ofServer);
  expect([...new Set(ofRouter)].sort()).toEqual(ofServer);
});
