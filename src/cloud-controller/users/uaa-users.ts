import { request } from "undici";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { CfError } from "../http/cf-errors.ts";

/** What UAA knows of a user. */
interface UaaUser {
  readonly guid: string;
  readonly username: string;
  readonly origin: string;
}

/** Finds users in UAA, whose names it owns. */
export interface UaaUsers {
  byName(username: string, origin?: string): Promise<readonly UaaUser[]>;
  byGuid(guid: string): Promise<UaaUser | undefined>;
}

const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
const usersAnswer = z.object({
  resources: z.array(
    z.object({ id: z.string(), userName: z.string(), origin: z.string().default("uaa") }),
  ),
});

/** Asks as a client of its own (`scim.read`); its token is kept until a minute before its end. */
export function createUaaUsers(options: {
  readonly uaaUrl: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly clock: Clock;
}): UaaUsers {
  let token: { readonly value: string; readonly endsAtMs: number } | undefined;

  async function accessToken(): Promise<string> {
    const now = options.clock.now().getTime();
    if (token !== undefined && token.endsAtMs > now) return token.value;
    const { id, secret } = options.client;
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString(
      "base64",
    );
    const answer = tokenAnswer.parse(
      await ask("/oauth/token", {
        method: "POST",
        headers: {
          authorization: `Basic ${basic}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: "grant_type=client_credentials",
      }),
    );
    token = { value: answer.access_token, endsAtMs: now + (answer.expires_in - 60) * 1000 };
    return token.value;
  }

  async function ask(path: string, init: Parameters<typeof request>[1]): Promise<unknown> {
    try {
      const answer = await request(`${options.uaaUrl}${path}`, {
        ...init,
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
      });
      if (answer.statusCode !== 200) {
        throw new Error(`UAA answers ${answer.statusCode} to ${path.split("?")[0]}`);
      }
      return await answer.body.json();
    } catch (error) {
      throw new CfError("UaaUnavailable", [], { cause: error });
    }
  }

  async function find(filter: string): Promise<UaaUser[]> {
    const query = new URLSearchParams({ filter });
    const answer = await ask(`/Users?${query.toString()}`, {
      method: "GET",
      headers: { authorization: `bearer ${await accessToken()}`, accept: "application/json" },
    });
    return usersAnswer.parse(answer).resources.map((user) => ({
      guid: user.id,
      username: user.userName,
      origin: user.origin,
    }));
  }

  return {
    byName: (username, origin) =>
      find(
        `userName eq ${quoted(username)}${origin === undefined ? "" : ` and origin eq ${quoted(origin)}`}`,
      ),
    byGuid: async (guid) => (await find(`id eq ${quoted(guid)}`)).at(0),
  };
}

/** A string of a SCIM filter. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
