// curl, as a script would use it: plain requests, and a stream of server-sent events.
import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { promisify } from 'node:util';
import { checkAnswerAgainstDocument, recordDepartureOfEvent } from './publishedDocuments.mjs';

/** One request; `{ status, body }`, the body parsed when it is JSON. It must be as the OpenAPI document describes it. */
export async function runCurlRequestToServer(server, user, method, path, body, ...more) {
  const args = ['-sS', '--max-time', '20', '-w', '\n%{http_code}', '-X', method, `${server.url}${path}`, ...more];
  if (user) args.push('-H', `Authorization: Bearer ${user.token}`);
  if (body !== undefined) args.push('-H', 'Content-Type: application/json', '--data', JSON.stringify(body));
  const { stdout } = await promisify(execFile)('curl', args, { maxBuffer: 64 * 1024 * 1024 });
  const split = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, split);
  const answer = { status: Number(stdout.slice(split + 1)), body: /^[[{]/.test(text) ? JSON.parse(text) : text };
  checkAnswerAgainstDocument(method, path, answer);
  return answer;
}

/**
 * A stream of server-sent events read by curl. It keeps `records` (`{ name, payload, id }`) as a socket client
 * does, so `waitForEvent` takes it too. `close()` ends the curl process.
 */
export class CurlEventStream {
  records = [];
  recorded = new EventEmitter();
  unread = '';

  constructor(server, user, lastEventId, path = '/api/events') {
    const args = ['-sSN', `${server.url}${path}`, '-H', 'Accept: text/event-stream', '-H', `Authorization: Bearer ${user.token}`];
    if (lastEventId !== undefined) args.push('-H', `Last-Event-ID: ${lastEventId}`);
    this.child = spawn('curl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (text) => this.readEventsFromText(text));
  }

  readEventsFromText(text) {
    const blocks = (this.unread + text).split('\n\n');
    this.unread = blocks.pop();
    for (const block of blocks) this.recordEventOfBlock(block.split('\n'));
  }

  // The event-stream format: `field: value` lines, a comment begins with a colon.
  recordEventOfBlock(lines) {
    const fields = { event: 'message', data: [] };
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon === 0) this.recorded.emit('record', { name: ':comment' });
      if (colon < 1) continue;
      const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
      if (field === 'data') fields.data.push(value);
      else fields[field] = value;
    }
    if (fields.data.length === 0) return;
    const record = { name: fields.event, id: fields.id, payload: JSON.parse(fields.data.join('\n')), at: performance.now() };
    recordDepartureOfEvent(record.name, record.payload);
    this.records.push(record);
    this.recorded.emit('record', record);
  }

  async close() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
  }
}
