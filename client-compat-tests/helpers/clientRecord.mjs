// What a client received, on record: the same for clients in this process and in programs of their own.
import { EventEmitter } from 'node:events';
import { recordDepartureOfEvent } from './publishedDocuments.mjs';

const openClients = new Set();

/** Closes every client opened since the last call: each test starts with none. */
export function closeEveryOpenSocketClient() {
  for (const client of openClients) client.close();
  openClients.clear();
}

/**
 * `records` holds `{ name, payload, at }` in order of arrival. Beside the server's events these stand there: `$connect`,
 * `$disconnect` (payload: the reason), `$connect_error` (the message). A subclass fills it and has a method `close`.
 */
export class ClientWithRecord {
  records = [];
  recorded = new EventEmitter().setMaxListeners(0);

  constructor() {
    openClients.add(this);
  }

  recordEventOfServer(name, payload) {
    recordDepartureOfEvent(name, payload);
    this.record(name, payload);
  }

  record(name, payload, code) {
    const record = { name, payload, code, at: performance.now() };
    this.records.push(record);
    this.recorded.emit('record', record);
  }

  /** Where the record stands now: pass it as `since` to look only at what comes after. */
  get position() {
    return this.records.length;
  }

  /** Payload of the latest `connection:acknowledged`. */
  get acknowledged() {
    return this.records.findLast(({ name }) => name === 'connection:acknowledged')?.payload;
  }

  /** Payloads of all events of that name, oldest first. */
  payloadsOf(name, since = 0) {
    return this.records.slice(since).filter((record) => record.name === name).map((record) => record.payload);
  }

  /** Durable events (those that carry an eventId) as `{ name, payload }`, in order of arrival. */
  durableEvents(since = 0) {
    return this.records.slice(since).filter(({ payload }) => payload?.eventId !== undefined);
  }
}
