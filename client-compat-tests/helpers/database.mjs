// One database for each server under test: on a real Postgres when an administrator's URL is given,
// else the embedded one, which needs nothing from here.
import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** The administrator's URL of a real Postgres, or undefined when the embedded database is to be used. */
export const ADMIN_DATABASE_URL = process.env.OWLPOST_TEST_DATABASE_URL || undefined;

/** Creates an empty database; the caller drops it with `dropDatabaseAfterTheTest`. */
export async function createDatabaseForTheServer() {
  const name = `owlpost_test_${randomUUID().replaceAll('-', '')}`;
  await runStatementAsDatabaseAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(ADMIN_DATABASE_URL);
  url.pathname = `/${name}`;
  return { name, url: url.href };
}

/** Drops a database even when a connection to it is still open. */
export async function dropDatabaseAfterTheTest(database) {
  await runStatementAsDatabaseAdmin(`DROP DATABASE IF EXISTS ${database.name} WITH (FORCE)`);
}

/** Rows of a query against the server's own database. */
export async function executeQueryWithParameters(database, text, values = []) {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}

async function runStatementAsDatabaseAdmin(statement) {
  const client = new pg.Client({ connectionString: ADMIN_DATABASE_URL });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
