import type { BrowserContext, WebSocketRoute } from '@playwright/test';

/**
 * The line between the pages of a browser and their server, to be cut and mended. The pages themselves can be loaded all the while.
 * Pages that were open before have to be loaded again.
 */
export class Line {
  private isCut = false;
  private readonly sockets = new Set<WebSocketRoute>();

  private constructor() {}

  static async runInto(context: BrowserContext): Promise<Line> {
    const line = new Line();
    await context.route(/\/(?:api|socket\.io)\//, (route) => (line.isCut ? route.abort('internetdisconnected') : route.fallback()));
    await context.routeWebSocket(/\/socket\.io\//, (socket) => {
      if (line.isCut) return void socket.close();
      line.sockets.add(socket);
      socket.connectToServer();
    });
    return line;
  }

  async cut(): Promise<void> {
    this.isCut = true;
    await Promise.all([...this.sockets].map((socket) => socket.close()));
    this.sockets.clear();
  }

  mend(): void {
    this.isCut = false;
  }
}
