import * as z from "zod/mini";

/** UAA's answer to a grant. */
const grantSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
});

const tokensSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
});

export type Tokens = z.infer<typeof tokensSchema>;

const claimsSchema = z.object({
  jti: z.string(),
  user_name: z.optional(z.string()),
});

export const clientId = "rivera-dashboard";
const storageKey = "rivera.tokens";
/** A token that ends within that is renewed before it is used. */
const marginMs = 60_000;

/** UAA, or the platform, says that this login is over. */
export class SignedOut extends Error {
  override readonly name = "SignedOut";
}

/** A login of this tab: kept with the tab alone, and gone with it. */
export class Session {
  readonly #uaa: URL;
  readonly #storage: Storage;
  #tokens: Tokens;
  #renewing: Promise<Tokens> | undefined;

  private constructor(uaa: URL, storage: Storage, tokens: Tokens) {
    this.#uaa = uaa;
    this.#storage = storage;
    this.#tokens = tokens;
  }

  /** The one that this tab has from before a reload. */
  static restored(uaa: URL, storage: Storage): Session | undefined {
    const parsed = tokensSchema.safeParse(parseJson(storage.getItem(storageKey)));
    return parsed.success ? new Session(uaa, storage, parsed.data) : undefined;
  }

  /** @throws SignedOut where UAA refuses */
  static async open(uaa: URL, storage: Storage, form: Readonly<Record<string, string>>) {
    const tokens = await grant(uaa, form);
    storage.setItem(storageKey, JSON.stringify(tokens));
    return new Session(uaa, storage, tokens);
  }

  get userName(): string {
    return claimsOf(this.#tokens.accessToken)?.user_name ?? "somebody";
  }

  /** @throws SignedOut */
  async token(): Promise<string> {
    if (this.#tokens.expiresAt - Date.now() > marginMs) return this.#tokens.accessToken;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return (await this.#renewing).accessToken;
  }

  /** Ends it at UAA, and the browser's own login there. What UAA does not hear of ends in minutes. */
  async end(): Promise<void> {
    this.#storage.removeItem(storageKey);
    const { jti } = claimsOf(this.#tokens.accessToken) ?? {};
    const headers = { authorization: `bearer ${this.#tokens.accessToken}` };
    await Promise.allSettled([
      fetch(new URL(`oauth/token/revoke/${jti ?? ""}`, this.#uaa), { method: "DELETE", headers }),
      fetch(new URL("logout.do", this.#uaa), { redirect: "manual" }),
    ]);
  }

  async #renew(): Promise<Tokens> {
    const tokens = await grant(this.#uaa, {
      grant_type: "refresh_token",
      refresh_token: this.#tokens.refreshToken,
    });
    this.#tokens = tokens;
    this.#storage.setItem(storageKey, JSON.stringify(tokens));
    return tokens;
  }
}

async function grant(uaa: URL, form: Readonly<Record<string, string>>): Promise<Tokens> {
  const response = await fetch(new URL("oauth/token", uaa), {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ client_id: clientId, ...form }),
  });
  if (response.status >= 500) throw new Error(`UAA answers ${response.status}`);
  const answer = grantSchema.safeParse(await response.json());
  if (!answer.success) throw new SignedOut("The login has ended");
  return {
    accessToken: answer.data.access_token,
    refreshToken: answer.data.refresh_token,
    expiresAt: Date.now() + answer.data.expires_in * 1_000,
  };
}

/** Of a token that UAA just gave us: for showing, never for deciding. */
function claimsOf(token: string): z.infer<typeof claimsSchema> | undefined {
  const [, payload = ""] = token.split(".");
  try {
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    return claimsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
