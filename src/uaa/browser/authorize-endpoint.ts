import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  readAuthorizationRequest,
  unapproved,
  type AuthorizationRequest,
} from "../authorize/authorization-request.ts";
import { withQuery } from "../authorize/redirect-uri.ts";
import type { GrantParts } from "../grants/grant.ts";
import { requireActiveUser, scopesOfUser } from "../grants/grant-steps.ts";
import type { Authenticate } from "../http/bearer.ts";
import { readForm } from "../http/form.ts";
import { UaaError } from "../uaa-error.ts";
import type { User } from "../users/user-table.ts";
import { checkCsrf, csrfName, csrfToken } from "./csrf.ts";
import type { LoggedIn } from "./logged-in.ts";
import { html, sendPage } from "./page.ts";

export interface AuthorizeParts extends GrantParts {
  readonly authenticate: Authenticate;
  readonly loggedIn: LoggedIn;
  readonly externalUrl: string;
}

/** Who asks for a code, and since when. */
interface Asker {
  readonly user: User;
  /** Milliseconds since the epoch. */
  readonly authenticatedAt: number;
  /** A person that can be asked, or a program with that person's token. */
  readonly isBrowser: boolean;
}

/**
 * `/oauth/authorize`: a code for a client, by redirect. `cf ssh-code` asks with its token, and takes the code out of the
 * redirect without following it; browsers come with a session, or log in first.
 */
export function registerAuthorizeEndpoint(app: FastifyInstance, parts: AuthorizeParts): void {
  app.get("/oauth/authorize", async (request, reply) => {
    const parameters = queryOf(request);
    const wanted = await readAuthorizationRequest(parameters, parts.clients);
    const asker = await askerOf(request, parts);
    if (asker === undefined) {
      if (wanted.prompt === "none") return refuseByRedirect(reply, wanted, "login_required");
      return reply.redirect(parts.loggedIn.loginUrl(`/oauth/authorize?${parameters.toString()}`));
    }
    return answer(request, reply, { wanted, asker, isAgreed: false }, parts);
  });

  // The form of the page that asks the user to agree.
  app.post("/oauth/authorize", async (request, reply) => {
    const form = readForm(request);
    checkCsrf(request, form);
    const wanted = await readAuthorizationRequest(queryOf(request), parts.clients);
    const asker = await askerOf(request, parts);
    if (asker === undefined) throw new UaaError("login_required", "Log in first");
    if (form.get("user_oauth_approval") !== "true") {
      return refuseByRedirect(reply, wanted, "access_denied", "User denied access");
    }
    return answer(request, reply, { wanted, asker, isAgreed: true }, parts);
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: {
    readonly wanted: AuthorizationRequest;
    readonly asker: Asker;
    readonly isAgreed: boolean;
  },
  parts: AuthorizeParts,
): Promise<FastifyReply> {
  const { wanted, asker, isAgreed } = facts;
  let scopes: string[];
  try {
    scopes = scopesOfUser(asker.user, wanted.client, wanted.requestedScopes);
  } catch (error) {
    if (!(error instanceof UaaError)) throw error;
    return refuseByRedirect(reply, wanted, error.code, error.message);
  }
  const toAgree = isAgreed ? [] : unapproved(wanted.client, scopes);
  if (toAgree.length > 0) {
    if (!asker.isBrowser || wanted.prompt === "none") {
      return refuseByRedirect(reply, wanted, "interaction_required");
    }
    const token = csrfToken(request, reply, parts);
    const action = `?${queryOf(request).toString()}`;
    return sendApprovalPage(reply, { wanted, toAgree, token, action });
  }
  const code = await parts.codes.issue(
    asker.user.guid,
    {
      purpose: "authorization",
      clientId: wanted.client.clientId,
      scopes,
      redirectUri: wanted.redirectUri,
      isRedirectUriGiven: wanted.isRedirectUriGiven,
      challenge: wanted.challenge,
      nonce: wanted.nonce,
      authenticatedAt: asker.authenticatedAt,
    },
    parts.clock.now().getTime(),
  );
  return redirect(reply, wanted, { code });
}

/** By token, which must be a user's (`uaa.user`), else by the browser's session. */
async function askerOf(request: FastifyRequest, parts: AuthorizeParts): Promise<Asker | undefined> {
  if (request.headers.authorization !== undefined) {
    const bearer = await parts.authenticate(request, "uaa.user");
    const user = await requireActiveUser(bearer.userGuid ?? "", parts.users);
    return { user, authenticatedAt: parts.clock.now().getTime(), isBrowser: false };
  }
  const session = await parts.loggedIn.find(request);
  return session === undefined ? undefined : { ...session, isBrowser: true };
}

function refuseByRedirect(
  reply: FastifyReply,
  wanted: AuthorizationRequest,
  error: string,
  description?: string,
): FastifyReply {
  return redirect(reply, wanted, {
    error,
    ...(description === undefined ? {} : { error_description: description }),
  });
}

function redirect(
  reply: FastifyReply,
  wanted: AuthorizationRequest,
  parameters: Readonly<Record<string, string>>,
): FastifyReply {
  const state: Record<string, string> = wanted.state === undefined ? {} : { state: wanted.state };
  return reply
    .header("cache-control", "no-store")
    .redirect(withQuery(wanted.redirectUri, { ...parameters, ...state }), 302);
}

function sendApprovalPage(
  reply: FastifyReply,
  page: {
    readonly wanted: AuthorizationRequest;
    readonly toAgree: readonly string[];
    readonly token: string;
    readonly action: string;
  },
): FastifyReply {
  const { client } = page.wanted;
  return sendPage(reply, {
    title: "Application Authorization",
    body: html`<p>
        <strong>${client.name ?? client.clientId}</strong> has requested permission to act for you
        with:
      </p>
      <ul>
        ${page.toAgree.map((scope) => html`<li>${scope}</li>`)}
      </ul>
      <form method="post" action="${page.action}">
        <input type="hidden" name="${csrfName}" value="${page.token}" />
        <button name="user_oauth_approval" value="true">Authorize</button>
        <button name="user_oauth_approval" value="false">Deny</button>
      </form>`,
  });
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const question = request.url.indexOf("?");
  return new URLSearchParams(question === -1 ? "" : request.url.slice(question + 1));
}
