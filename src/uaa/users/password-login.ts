import type { Clock } from "#kernel/clock/clock.ts";
import { accountLocked, badCredentials, UaaError } from "../uaa-error.ts";
import { isLocked, withFailure } from "./lockout.ts";
import type { LoginFailureTable } from "./login-failure-table.ts";
import { hashPassword, isAcceptablePassword, isPasswordOf } from "./password-hash.ts";
import { userNameKey, type User, type UserTable } from "./user-table.ts";

/** Passwords hashed at once; each takes a thread and 16 MiB. */
const maxParallel = 2;
/** Logins that wait for their turn; beyond, they are told to come back. */
const maxWaiting = 100;

/**
 * Checks a user's password, and counts failures. Logins of one name go one after the other, so that a flood of guesses
 * meets the lock after five of them, while several right logins at once never count as failures.
 */
export class PasswordLogin {
  readonly #users: UserTable;
  readonly #failures: LoginFailureTable;
  readonly #clock: Clock;
  readonly #lastOfName = new Map<string, Promise<unknown>>();
  #running = 0;
  #pending = 0;
  readonly #turns: (() => void)[] = [];
  /** Unknown users cost as much as known ones. */
  #decoyHash: Promise<string> | undefined;

  constructor(parts: { users: UserTable; failures: LoginFailureTable; clock: Clock }) {
    this.#users = parts.users;
    this.#failures = parts.failures;
    this.#clock = parts.clock;
  }

  /** @throws UaaError `unauthorized` for a wrong password, an unknown user and a locked account; `too_many_requests`. */
  async login(userName: string, origin: string, password: string): Promise<User> {
    if (userName.length > 255 || !isAcceptablePassword(password)) throw badCredentials();
    const key = userNameKey(userName);
    if (this.#pending >= maxWaiting) {
      throw new UaaError("too_many_requests", "Too many logins at once. Try again in a moment.");
    }
    this.#pending += 1;
    const before = this.#lastOfName.get(key);
    const login = (async () => {
      await before?.catch(() => undefined);
      return this.#attempt(key, userName, { origin, password });
    })();
    this.#lastOfName.set(key, login);
    try {
      return await login;
    } finally {
      this.#pending -= 1;
      if (this.#lastOfName.get(key) === login) this.#lastOfName.delete(key);
    }
  }

  async #attempt(
    key: string,
    userName: string,
    given: { readonly origin: string; readonly password: string },
  ): Promise<User> {
    const known = await this.#failures.find(key);
    if (isLocked(known, this.#clock.now().getTime())) throw accountLocked();
    const user = await this.#users.byName(userName, given.origin);
    const hash = user?.passwordHash ?? (await (this.#decoyHash ??= hashPassword("")));
    const isRight = await this.#inTurn(() => isPasswordOf(hash, given.password));
    if (user === undefined || !isRight) {
      await this.#failures.save(key, withFailure(known, this.#clock.now().getTime()));
      throw badCredentials();
    }
    if (known !== undefined) await this.#failures.clear(key);
    return user;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
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
