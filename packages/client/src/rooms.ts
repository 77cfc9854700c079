import { OwlPostError } from './errors';
import type { RoomJoinAnswer } from './generated';

/** After this long a room is asked for again that could not be entered at the moment. */
const RETRY_MS = 2_000;
/** The server will not think better of these. */
const FINAL_CODES: readonly string[] = ['VALIDATION_ERROR', 'FORBIDDEN', 'NOT_FOUND'];

/** Called each time the room is entered, the first time and after every reconnection: `users` are who is there now. */
export type RoomListener = (answer: RoomJoinAnswer) => void;

/** Being in a room for as long as one wants to, over all reconnections. */
export interface RoomMembership {
  readonly room: string;
  /** The first answer. Waits for a connection; rejects when the server will not have it. */
  readonly joined: Promise<RoomJoinAnswer>;
  /** The room is left with the last of its memberships. */
  leave(): void;
}

interface Member {
  room: string;
  onJoined: RoomListener;
  resolve: RoomListener;
  reject: (error: unknown) => void;
}

/** The server as memberships need it. */
export interface RoomCalls {
  enter(room: string): Promise<RoomJoinAnswer>;
  leave(room: string): void;
}

/** Who wants to be in which room. */
export class RoomMemberships {
  readonly #members = new Set<Member>();

  readonly #calls: RoomCalls;

  constructor(calls: RoomCalls) {
    this.#calls = calls;
  }

  listRoomsOfMembers(): string[] {
    return [...new Set([...this.#members].map(({ room }) => room))];
  }

  join(room: string, onJoined: RoomListener = () => undefined): RoomMembership {
    const member: Member = { room, onJoined, resolve: () => undefined, reject: () => undefined };
    const joined = new Promise<RoomJoinAnswer>((resolve, reject) => Object.assign(member, { resolve, reject }));
    // Whoever does not ask for the answer must not be ended by it.
    joined.catch(() => undefined);
    this.#members.add(member);
    void this.#enterRoomOfMember(member);
    return {
      room,
      joined,
      leave: () => {
        if (this.#members.delete(member) && ![...this.#members].some((other) => other.room === room)) this.#calls.leave(room);
      },
    };
  }

  /** A new connection knows the rooms already; what comes of it is who is there. */
  enterEveryRoomAgain(): void {
    for (const member of this.#members) void this.#enterRoomOfMember(member);
  }

  async #enterRoomOfMember(member: Member): Promise<void> {
    try {
      const answer = await this.#calls.enter(member.room);
      if (!this.#members.has(member)) return;
      member.resolve(answer);
      member.onJoined(answer);
    } catch (error) {
      if (!this.#members.has(member)) return;
      const code = error instanceof OwlPostError ? error.code : 'INTERNAL';
      if (FINAL_CODES.includes(code)) {
        this.#members.delete(member);
        member.reject(error);
      } else if (code !== 'NETWORK') {
        // Without a connection, the next one brings it.
        setTimeout(() => this.#members.has(member) && void this.#enterRoomOfMember(member), RETRY_MS);
      }
    }
  }
}
