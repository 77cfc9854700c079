import { describe, expect, it } from 'vitest';
import { splitTextIntoLinks } from './links';

const links = (text: string) => splitTextIntoLinks(text).filter((part) => part.href !== null).map((part) => part.text);

describe('links in a text', () => {
  it('should be found where people write them, without the sentence around', () => {
    expect(links('See https://x.example/a?b=c#d, and (http://y.example/z).')).toEqual(['https://x.example/a?b=c#d', 'http://y.example/z']);
    expect(links('[post](https://x.example/p)')).toEqual(['https://x.example/p']);
    expect(links('https://en.wikipedia.org/wiki/Troll_(folklore)')).toEqual(['https://en.wikipedia.org/wiki/Troll_(folklore)']);
    expect(links('\u8bf7\u770bhttps://x.example/a\u5427')).toEqual(['https://x.example/a']);
    expect(splitTextIntoLinks('www.x.example')[0]?.href).toBe('https://www.x.example/');
    expect(links('mailto:harry@hogwarts.edu')).toEqual(['mailto:harry@hogwarts.edu']);
  });

  it('should never lead to a script, nor be in code', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', '`https://x.example`', '```\nhttps://x.example\n```', 'http://', 'https://.', 'www.']) {
      expect(links(text), text).toEqual([]);
    }
  });

  it('should lose no letter of the text', () => {
    const text = 'a https://x.example. `https://y.example` b';
    expect(splitTextIntoLinks(text).map((part) => part.text).join('')).toBe(text);
  });
});
