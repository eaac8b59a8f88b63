import type { Clock } from "#kernel/clock/clock.ts";
import { accountLocked, badCredentials, UaaError } from "../uaa-error.ts";
import { isLocked, withFailure } from "./lockout.ts";
import type { LoginFailureTable } from "./login-failure-table.ts";
import { isAcceptablePassword } from "./password-hash.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import { userNameKey, type User, type UserTable } from "./user-table.ts";

/** Logins under way, those that wait for another of the same name among them. */
const maxPending = 100;

/**
 * Checks a user's password, and counts failures. Logins of one name go one after the other, so that a flood of guesses
 * meets the lock as soon as slow guesses do, while several right logins at once never count as failures.
 */
export class PasswordLogin {
  readonly #users: UserTable;
  readonly #failures: LoginFailureTable;
  readonly #hasher: PasswordHasher;
  readonly #clock: Clock;
  readonly #lastOfName = new Map<string, Promise<unknown>>();
  #pending = 0;

  constructor(parts: {
    users: UserTable;
    failures: LoginFailureTable;
    hasher: PasswordHasher;
    clock: Clock;
  }) {
    this.#users = parts.users;
    this.#failures = parts.failures;
    this.#hasher = parts.hasher;
    this.#clock = parts.clock;
  }

  /** @throws UaaError `unauthorized` for a wrong password, an unknown user and a locked account; `too_many_requests`. */
  async login(userName: string, origin: string, password: string): Promise<User> {
    if (userName.length > 255 || !isAcceptablePassword(password)) throw badCredentials();
    const key = userNameKey(userName);
    if (this.#pending >= maxPending) {
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
    if (isLocked(this.#failures.policy, known, this.#clock.now().getTime())) throw accountLocked();
    const user = await this.#users.byName(userName, given.origin);
    const hash = user?.isActive === true ? user.passwordHash : undefined;
    const isRight = await this.#hasher.isRight(hash, given.password);
    if (user === undefined || !isRight) {
      const now = this.#clock.now().getTime();
      await this.#failures.save(key, withFailure(this.#failures.policy, known, now));
      throw badCredentials();
    }
    if (known !== undefined) await this.#failures.clear(key);
    return user;
  }
}
