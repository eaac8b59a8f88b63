import type { PlatformAddresses } from "./test-platform.ts";

interface ApiAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads V3 documents as they come
  readonly json: any;
  readonly headers: Headers;
}

export interface Api {
  (method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  readonly token: string;
}

/** The V3 API as a user sees it. */
export async function loggedIn(
  addresses: PlatformAddresses,
  user: { readonly username: string; readonly password: string } = addresses.admin,
): Promise<Api> {
  const granted = (await passwordGrant(addresses, user).then((r) => r.json())) as {
    readonly access_token: string;
  };
  const token = granted.access_token;
  const call = async (method: string, path: string, body?: unknown): Promise<ApiAnswer> => {
    const raw = body instanceof FormData || typeof body === "string" || body === undefined;
    const response = await fetch(addresses.api + path, {
      method,
      headers: {
        authorization: `bearer ${token}`,
        ...(raw ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      json: text === "" ? undefined : parse(text),
    };
  };
  return Object.assign(call, { token });
}

export function passwordGrant(
  addresses: PlatformAddresses,
  user: { readonly username: string; readonly password: string },
): Promise<Response> {
  return fetch(`${addresses.uaa}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("cf:")}` },
    body: new URLSearchParams({ grant_type: "password", ...user }),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
