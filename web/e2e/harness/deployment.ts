import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DistProxy } from './distProxy';
import type { TestServer } from './server';
import { test as base } from './test';

/** The built dashboard in front of a server, as files that a test may take away, or replace by those of the next version. */
export class Deployment {
  url = '';
  private stopped = false;
  private readonly proxy: DistProxy;

  private constructor(
    server: TestServer,
    private readonly folder: string,
    basePath: string,
  ) {
    this.proxy = new DistProxy(folder, () => (this.stopped ? null : new URL(server.url)), basePath);
  }

  static async of(server: TestServer, basePath = ''): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'owlpost-dist-'));
    await cp(fileURLToPath(new URL('../../dist', import.meta.url)), folder, { recursive: true });
    const deployment = new Deployment(server, folder, basePath);
    deployment.url = await deployment.proxy.listen();
    return deployment;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Breaks every connection, as a server does that is gone. */
  stop(): void {
    this.stopped = true;
    this.proxy.breakConnections();
  }

  /** From now on requests are taken, and none is answered. */
  silence(): void {
    this.proxy.silent = true;
    this.proxy.breakConnections();
  }

  start(): void {
    this.stopped = false;
  }

  private async findAsset(pattern: RegExp): Promise<string> {
    const found = (await readdir(join(this.folder, 'assets'))).find((name) => pattern.test(name));
    if (!found) throw new Error(`the build has no asset like ${pattern}`);
    return found;
  }

  async removeWorker(): Promise<void> {
    await rm(join(this.folder, 'sw.js'));
  }

  /** They say what the files said before. */
  private async forgetCompressedForms(): Promise<void> {
    for (const folder of [this.folder, join(this.folder, 'assets')]) {
      const forms = (await readdir(folder)).filter((name) => /\.(?:gz|br)$/.test(name));
      await Promise.all(forms.map((name) => rm(join(folder, name))));
    }
  }

  /** Takes the code of a part away; answers how to put it back. */
  async removeAsset(pattern: RegExp): Promise<() => Promise<void>> {
    const path = join(this.folder, 'assets', await this.findAsset(pattern));
    await rename(path, `${path}.away`);
    return () => rename(`${path}.away`, path);
  }

  /** What a build of changed sources comes to: every script has another name, and the old names are nowhere. */
  async deployNextVersion(): Promise<void> {
    const assets = join(this.folder, 'assets');
    const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js'));
    const renameIn = async (path: string) => {
      const text = await readFile(path, 'utf8');
      await writeFile(path, scripts.reduce((changed, name) => changed.replaceAll(name, `next-${name}`), text));
    };
    for (const name of scripts) {
      await renameIn(join(assets, name));
      await rename(join(assets, name), join(assets, `next-${name}`));
    }
    for (const name of ['index.html', 'sw.js']) await renameIn(join(this.folder, name));
    const worker = join(this.folder, 'sw.js');
    await writeFile(worker, (await readFile(worker, 'utf8')).replace('"version":"', '"version":"next-'));
    await this.forgetCompressedForms();
  }
}

/** Tests with a deployment of their own, of the dashboard as it was built. */
export const test = base.extend<{ deployment: Deployment }>({
  deployment: async ({ server }, use) => {
    const deployment = await Deployment.of(server);
    await use(deployment);
    await deployment.close();
  },
});
