/** Something a person can do from wherever they are. */
export interface Command {
  name: string;
  group: 'Actions' | 'Pages';
  /** The key that does the same. */
  keys?: string;
  run: () => void;
}

/** Commands that have every word of what was typed. */
export function findCommandsByWords(commands: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
}
