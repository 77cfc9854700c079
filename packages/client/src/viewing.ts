import { OwlPostError } from './errors';
import type { RoomJoinAnswer } from './generated';

/** After this long a room is asked for again that could not be entered at the moment. */
const RETRY_MS = 2_000;
/** The server will not think better of these. */
const FINAL_CODES: readonly string[] = ['VALIDATION_ERROR', 'FORBIDDEN', 'NOT_FOUND'];

/** Called each time the incident's room is entered: the first time, and after every reconnection. `users` are who is there now. */
export type RoomListener = (answer: RoomJoinAnswer) => void;

/** Viewing an incident for as long as one wants to, over all reconnections. */
export interface Viewing {
  /** The first answer. Waits for a connection; rejects when the server will not have it. */
  readonly joined: Promise<RoomJoinAnswer>;
  /** The incident that was viewed before, if that is still wanted, is viewed again. */
  leave(): void;
}

interface Wish {
  incidentId: string;
  onJoined: RoomListener;
  resolve: RoomListener;
  reject: (error: unknown) => void;
}

/** The client as it is needed here. */
export interface RoomCalls {
  enter(incidentId: string): Promise<RoomJoinAnswer>;
  leave(incidentId: string): void;
  /** What happened to an incident while another was viewed was not heard. */
  reportMissed(): void;
}

/** Which incident is viewed. A connection views one at a time, as a person does: the one asked for last of those still wanted. */
export class ViewedIncidents {
  readonly #wishes: Wish[] = [];
  readonly #calls: RoomCalls;

  constructor(calls: RoomCalls) {
    this.#calls = calls;
  }

  /** What is viewed now. */
  get incidentId(): string | undefined {
    return this.#wishes.at(-1)?.incidentId;
  }

  view(incidentId: string, onJoined: RoomListener = () => undefined): Viewing {
    const wish: Wish = { incidentId, onJoined, resolve: () => undefined, reject: () => undefined };
    const joined = new Promise<RoomJoinAnswer>((resolve, reject) => Object.assign(wish, { resolve, reject }));
    // Whoever does not ask for the answer must not be ended by it.
    joined.catch(() => undefined);
    this.#wishes.push(wish);
    void this.#enterRoomOfWish(wish);
    return { joined, leave: () => this.#endWishOfViewer(wish) };
  }

  /** A new connection was told of the room already; what comes of it is who is there. */
  enterRoomAgain(): void {
    const wish = this.#wishes.at(-1);
    if (wish) void this.#enterRoomOfWish(wish);
  }

  #endWishOfViewer(wish: Wish): void {
    const isViewed = this.#wishes.at(-1) === wish;
    const at = this.#wishes.indexOf(wish);
    if (at >= 0) this.#wishes.splice(at, 1);
    if (!isViewed || this.incidentId === wish.incidentId) return;
    const before = this.#wishes.at(-1);
    // Entering an incident leaves the one before.
    if (before) void this.#enterRoomOfWish(before, true);
    else this.#calls.leave(wish.incidentId);
  }

  async #enterRoomOfWish(wish: Wish, hasMissed = false): Promise<void> {
    try {
      const answer = await this.#calls.enter(wish.incidentId);
      if (this.#wishes.at(-1) !== wish) return;
      if (hasMissed) this.#calls.reportMissed();
      wish.resolve(answer);
      wish.onJoined(answer);
    } catch (error) {
      if (this.#wishes.at(-1) !== wish) return;
      const code = error instanceof OwlPostError ? error.code : 'INTERNAL';
      if (FINAL_CODES.includes(code)) {
        this.#wishes.pop();
        wish.reject(error);
        this.enterRoomAgain();
      } else if (code !== 'NETWORK') {
        // Without a connection, the next one brings it.
        setTimeout(() => this.#wishes.at(-1) === wish && void this.#enterRoomOfWish(wish, hasMissed), RETRY_MS);
      }
    }
  }
}
