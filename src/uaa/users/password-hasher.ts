import { UaaError } from "../uaa-error.ts";
import { hashPassword, isPasswordOf } from "./password-hash.ts";

/** Passwords hashed at once; each takes a thread and 16 MiB. */
const maxParallel = 2;
/** Those that wait for their turn; beyond, they are told to come back. */
const maxWaiting = 100;

/** Hashes and checks passwords and chosen secrets, a few at a time: a flood of them must not take the machine. */
export class PasswordHasher {
  readonly #cost: number | undefined;
  #running = 0;
  readonly #turns: (() => void)[] = [];
  /** Unknown names cost as much as known ones. */
  #decoyHash: Promise<string> | undefined;

  /** Of each new hash, as scrypt's N. */
  constructor(cost?: number) {
    this.#cost = cost;
  }

  /** @throws UaaError `too_many_requests` */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hashPassword(password, this.#cost));
  }

  /**
   * False, after the same work, where there is no hash.
   * @throws UaaError `too_many_requests`
   */
  isRight(hash: string | undefined, password: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const compared = hash ?? (await (this.#decoyHash ??= hashPassword("", this.#cost)));
      const isSame = await isPasswordOf(compared, password);
      return hash !== undefined && isSame;
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#turns.length >= maxWaiting) {
      throw new UaaError("too_many_requests", "Too many logins at once. Try again in a moment.");
    }
    if (this.#running >= maxParallel) {
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
