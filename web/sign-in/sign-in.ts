import * as z from "zod/mini";
import { newProofKey, randomText } from "./proof-key.ts";
import { clientId, Session, SignedOut } from "./session.ts";

const pendingSchema = z.object({
  state: z.string(),
  verifier: z.string(),
  /** The view that was wanted: `#/apps/...`. */
  view: z.string(),
});

const pendingKey = "rivera.sign-in";

/** The page's own address, without query and view: where UAA sends the code. */
function pageAddress(location: Location): string {
  return new URL(".", location.origin + location.pathname).href;
}

/** Leaves for UAA's login form; UAA comes back to this page with a code. */
export async function leaveForSignIn(uaa: URL, options: { readonly silently: boolean }) {
  const { verifier, challenge } = await newProofKey();
  const pending = { state: randomText(16), verifier, view: location.hash };
  sessionStorage.setItem(pendingKey, JSON.stringify(pending));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: pageAddress(location),
    state: pending.state,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...(options.silently ? { prompt: "none" } : {}),
  });
  const form = new URL(`oauth/authorize?${query.toString()}`, uaa);
  // Who goes back from a page that asked unseen must not be asked unseen again.
  if (options.silently) location.replace(form);
  else location.assign(form);
}

export type Arrival =
  | { readonly kind: "signed-in"; readonly session: Session }
  | { readonly kind: "signed-out" }
  /** UAA was asked without a form, and knows nobody. */
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Who is here as the page opens: the login of before a reload, the one that UAA sends back, or the one that the machine's
 * owner was handed by `rivera dashboard`.
 */
export async function arrive(uaa: URL): Promise<Arrival> {
  const restored = Session.restored(uaa, sessionStorage);
  const query = new URLSearchParams(location.search);
  if (query.has("state")) return await returned(uaa, query);
  if (restored !== undefined) return { kind: "signed-in", session: restored };
  const handed = handedCode(location);
  if (handed === undefined) return { kind: "signed-out" };
  // The code is worth nothing once it is used; out of the history it goes in any case.
  history.replaceState(null, "", "#/");
  return await redeem(uaa, handed);
}

async function returned(uaa: URL, query: URLSearchParams): Promise<Arrival> {
  const stored = pendingSchema.safeParse(JSON.parse(sessionStorage.getItem(pendingKey) ?? "null"));
  sessionStorage.removeItem(pendingKey);
  const view = stored.data?.view ?? "";
  history.replaceState(null, "", location.pathname + view);
  // Another's answer: some other site began this login, and may not choose who is here.
  if (stored.data?.state !== query.get("state") || stored.data === undefined) {
    return { kind: "refused", reason: "This login was not begun here. Sign in again." };
  }
  const code = query.get("code");
  if (code !== null) return await redeem(uaa, { ...stored.data, code });
  if (query.get("error") === "login_required") return { kind: "unknown" };
  const reason = query.get("error_description") ?? query.get("error") ?? "UAA gave no code";
  return { kind: "refused", reason };
}

async function redeem(
  uaa: URL,
  with_: { readonly code: string; readonly verifier: string },
): Promise<Arrival> {
  try {
    const session = await Session.open(uaa, sessionStorage, {
      grant_type: "authorization_code",
      code: with_.code,
      code_verifier: with_.verifier,
      redirect_uri: pageAddress(location),
    });
    return { kind: "signed-in", session };
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    return {
      kind: "refused",
      reason: "The code was used before, or is older than five minutes. Sign in again.",
    };
  }
}

/** Taken on the machine itself alone: elsewhere a link could make a visitor somebody else. */
function handedCode(from: Location): { code: string; verifier: string } | undefined {
  if (!/^(127\.\d+\.\d+\.\d+|\[::1\])$/.test(from.hostname)) return undefined;
  const [, code, verifier] = /^#sign-in=([\w-]+)\.([\w-]+)$/.exec(from.hash) ?? [];
  return code === undefined || verifier === undefined ? undefined : { code, verifier };
}
