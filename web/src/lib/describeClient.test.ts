import { expect, test } from 'vitest';
import { describeClientOfUserAgent } from './describeClient';

test('should name browser and system, and what is no browser as it names itself', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';
  expect(describeClientOfUserAgent(chrome)).toBe('Chrome on Linux');
  expect(describeClientOfUserAgent(`${chrome} Edg/149.0.0.0`)).toBe('Edge on Linux');
  const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1';
  expect(describeClientOfUserAgent(safari)).toBe('Safari on iOS');
  expect(describeClientOfUserAgent('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox on Windows');
  expect(describeClientOfUserAgent('curl/8.14.1')).toBe('curl/8.14.1');
  expect(describeClientOfUserAgent(null)).toBe('An unknown client');
});
