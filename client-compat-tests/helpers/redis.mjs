// A Redis of the tests' own, which they may stop.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFreePortOnLoopback, isProgramInstalled } from './companions.mjs';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

/** Whether this machine has a `redis-server`. */
export function isRedisServerInstalled() {
  return isProgramInstalled('redis-server', '--version');
}

/** One redis-server process after another on one free port, keeping nothing on disk. */
export class RedisTestServer {
  async startRedisAndAwaitReady() {
    this.port ??= await findFreePortOnLoopback();
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    let output = '';
    const ready = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server ended:\n${output}`)));
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (output.includes('Ready to accept connections')) resolve();
      });
    });
    await settleBeforeGivenDeadline(ready, () => `redis-server is not ready:\n${output}`);
    this.url = `redis://127.0.0.1:${this.port}`;
  }

  async stopRedisAndAwaitExit() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
