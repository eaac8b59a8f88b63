import { z } from "zod";

/** What an operator does to a running UAA, over its public HTTP, as the client `admin`. */
export interface UaaOperator {
  /** @throws with UAA's own words where it refuses */
  setPassword(userName: string, password: string): Promise<void>;
  /** A new signing key, and when it begins to sign. */
  rotateKey(): Promise<{ readonly kid: string; readonly signsFrom: string }>;
  /** What UAA's loops last did, as it tells it. */
  loops(): Promise<unknown>;
  /** Makes a client that may do that, in place of one of that name. */
  replaceClient(client: {
    readonly id: string;
    readonly secret: string;
    readonly authorities: readonly string[];
  }): Promise<void>;
}

const tokenAnswer = z.object({ access_token: z.string() });
const usersAnswer = z.object({ resources: z.array(z.object({ id: z.string() })) });
const keyAnswer = z.object({ kid: z.string(), signs_from: z.string() });
const refusal = z.object({ error_description: z.string() });

export async function uaaOperator(uaaUrl: string, clientSecret: string): Promise<UaaOperator> {
  const basic = Buffer.from(`admin:${encodeURIComponent(clientSecret)}`).toString("base64");
  const { access_token: token } = tokenAnswer.parse(
    await ask(`${uaaUrl}/oauth/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    }),
  );
  const headers = { authorization: `bearer ${token}`, "content-type": "application/json" };
  return {
    async setPassword(userName, password) {
      const filter = `userName eq ${JSON.stringify(userName)} and origin eq "uaa"`;
      const query = new URLSearchParams({ filter }).toString();
      const found = usersAnswer.parse(await ask(`${uaaUrl}/Users?${query}`, { headers }));
      const id = found.resources.at(0)?.id;
      if (id === undefined) throw new Error(`There is no user "${userName}" any more`);
      const body = JSON.stringify({ password });
      await ask(`${uaaUrl}/Users/${id}/password`, { method: "PUT", headers, body });
    },
    async rotateKey() {
      const answer = await ask(`${uaaUrl}/rivera/v1/signing-keys`, {
        method: "POST",
        headers,
        body: "{}",
      });
      const { kid, signs_from: signsFrom } = keyAnswer.parse(answer);
      return { kid, signsFrom };
    },
    loops: () => ask(`${uaaUrl}/rivera/v1/loops`, { headers }),
    async replaceClient({ id, secret, authorities }) {
      const known = await fetch(`${uaaUrl}/oauth/clients/${id}`, { method: "DELETE", headers });
      await known.body?.cancel();
      const body = JSON.stringify({
        client_id: id,
        client_secret: secret,
        authorized_grant_types: ["client_credentials"],
        authorities,
      });
      await ask(`${uaaUrl}/oauth/clients`, { method: "POST", headers, body });
    },
  };
}

async function ask(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const body: unknown = await response.json();
  if (response.ok) return body;
  const said = refusal.safeParse(body).data?.error_description;
  throw new Error(said ?? `UAA answers ${response.status}`);
}
