import { expect, it } from 'vitest';
import { type Command, findCommandsByWords } from './commands';

const commands: Command[] = ['Report an incident', 'Active', 'Assigned to me'].map((name) => ({ name, group: 'Pages', run: () => undefined }));

it('should find commands by any of their words, in any order', () => {
  const find = (text: string) => findCommandsByWords(commands, text).map(({ name }) => name);
  expect(find('')).toHaveLength(3);
  expect(find('  incident REP ')).toEqual(['Report an incident']);
  expect(find('me')).toEqual(['Assigned to me']);
  expect(find('report me')).toEqual([]);
});
