import { FakeSocket as FakeSocketOfClient } from '../../../packages/client/src/testing/fakeSocket';

/** The fake socket of the client's own tests, to a server that is there at once and agrees to everything. */
export class FakeSocket extends FakeSocketOfClient {
  constructor(private readonly acknowledge: () => object) {
    super();
    this.answer = (_, payload) => ({ ok: true, room: (payload as { room?: string }).room, users: [], count: 0 });
  }

  override connect(): void {
    this.open(this.acknowledge());
  }

  override disconnect(): void {
    this.connected = false;
  }
}
