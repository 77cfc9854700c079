export { CommandMenu } from './CommandMenu';
export type { Command } from './commands';
export { ShortcutHelp } from './ShortcutHelp';
