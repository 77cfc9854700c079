import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page, type TestInfo } from '@playwright/test';
import { chromiumArguments } from '../../playwright.config';
import type { TestServer } from './server';

/** A web site of another origin: one page and its scripts, in a browser of its own. */
export class ForeignSite {
  private constructor(private readonly site: Server, private readonly castle: Browser) {}

  /** `scripts`: files by their path on the site. In the browser the server under test is `localhost:4001`. */
  static async open(server: TestServer, info: TestInfo, html: string, scripts: Record<string, string>): Promise<ForeignSite> {
    const bodies = new Map<string, Buffer>();
    for (const [path, file] of Object.entries(scripts)) bodies.set(path, await readFile(file));
    const site = createServer((request, response) => {
      const script = bodies.get(request.url ?? '');
      response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' }).end(script ?? html);
    });
    await new Promise<void>((ready) => site.listen(0, '127.0.0.1', ready));
    const { port } = site.address() as AddressInfo;
    // localhost:3001 is the origin that the server allows.
    const rules = `MAP localhost:4001 127.0.0.1:${server.port}, MAP localhost:3001 127.0.0.1:${port}`;
    const castle = await chromium.launch({
      executablePath: info.project.use.launchOptions?.executablePath,
      args: [...chromiumArguments, `--host-resolver-rules=${rules}`],
    });
    return new ForeignSite(site, castle);
  }

  get port(): number {
    return (this.site.address() as AddressInfo).port;
  }

  /** The page with this query, at the origin that is allowed. */
  openPage(query: Record<string, string>): Promise<Page> {
    return this.openPageAtOrigin('http://localhost:3001', query);
  }

  /** The same at an origin that is not. */
  openForeignPage(query: Record<string, string>): Promise<Page> {
    return this.openPageAtOrigin(`http://127.0.0.1:${this.port}`, query);
  }

  async openPageAtOrigin(origin: string, query: Record<string, string>, path = '/'): Promise<Page> {
    const page = await this.castle.newPage();
    await page.goto(`${origin}${path}?${new URLSearchParams(query)}`);
    return page;
  }

  async close(): Promise<void> {
    await this.castle.close();
    this.site.closeAllConnections();
    await new Promise((closed) => this.site.close(closed));
  }
}
