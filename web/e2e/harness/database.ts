import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Where one server keeps its data: a database of its own, or a directory for the embedded one. */
export interface TestStore {
  args: string[];
  remove: () => Promise<void>;
}

async function runStatementAsAdmin(adminUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

export async function createStoreForServer(): Promise<TestStore> {
  const dataDir = await mkdtemp(join(tmpdir(), 'owlpost-e2e-'));
  const adminUrl = process.env.OWLPOST_TEST_DATABASE_URL;
  if (!adminUrl) {
    return { args: ['--data-dir', dataDir], remove: () => rm(dataDir, { recursive: true, force: true }) };
  }
  const name = `owlpost_test_${randomUUID().replaceAll('-', '')}`;
  await runStatementAsAdmin(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    args: ['--data-dir', dataDir, '--database-url', url.toString()],
    remove: async () => {
      await runStatementAsAdmin(adminUrl, `drop database if exists ${name} with (force)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
