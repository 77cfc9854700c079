import type { Write } from './writes';

const fieldNames = { title: 'title', description: 'description', severity: 'severity', status: 'status', location: 'place', assignee: 'assignee' };

/** "Comment on “Troll”". */
export function describeWriteInWords(write: Write, title: string): string {
  switch (write.kind) {
    case 'comment':
      return `Comment on “${title}”`;
    case 'report':
      return `Report of “${title}”`;
    case 'edit': {
      const fields = Object.keys(write.update.edit).map((field) => fieldNames[field as keyof typeof fieldNames] ?? field);
      return `Change of ${fields.join(', ')} of “${title}”`;
    }
    case 'resolve':
      return `Resolution of “${title}”`;
    case 'take':
      return `Taking “${title}”`;
    case 'delete-comment':
      return `Deletion of a comment on “${title}”`;
    case 'read-notification':
      return 'A notification marked as read';
    case 'dismiss-notification':
      return 'A notification dismissed';
  }
}

/** The words a person wrote, so that none are lost. */
export function readTextOfWrite(write: Write): string | null {
  switch (write.kind) {
    case 'comment':
      return write.content;
    case 'report':
      return [write.report.title, write.report.description].filter(Boolean).join('\n\n');
    case 'resolve':
      return write.resolution || null;
    case 'edit': {
      const { title, description, location } = write.update.edit;
      return [title, description, location].filter(Boolean).join('\n\n') || null;
    }
    default:
      return null;
  }
}
