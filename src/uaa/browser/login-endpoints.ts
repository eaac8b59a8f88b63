import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { OneTimeCodeTable } from "../codes/one-time-code-table.ts";
import { uaaOrigin } from "../grants/grant-steps.ts";
import { readForm } from "../http/form.ts";
import { UaaError } from "../uaa-error.ts";
import type { PasswordLogin } from "../users/password-login.ts";
import { cookie, cookieOf } from "./cookies.ts";
import { checkCsrf, csrfName, csrfToken } from "./csrf.ts";
import { sessionCookie, type LoggedIn } from "./logged-in.ts";
import { html, sendPage, wantsPage } from "./page.ts";
import { webSessionSeconds, type WebSessionTable } from "./web-session-table.ts";

export interface LoginParts {
  readonly passwordLogin: PasswordLogin;
  readonly webSessions: WebSessionTable;
  readonly loggedIn: LoggedIn;
  readonly codes: OneTimeCodeTable;
  readonly clock: Clock;
  readonly externalUrl: string;
  /** What the official client reads of `GET /login`. */
  readonly loginInformation: object;
}

/**
 * The pages that a person sees: the login form, and behind it the passcode of `cf login --sso`. Addresses in them are
 * relative: a proxy may serve UAA below a path of its own.
 */
export function registerLoginEndpoints(app: FastifyInstance, parts: LoginParts): void {
  const { loggedIn, webSessions, codes, clock, externalUrl } = parts;

  app.get<{ Querystring: Record<string, unknown> }>("/login", async (request, reply) => {
    // Never looks at a token: the official client sends a stale one along.
    if (!wantsPage(request)) return parts.loginInformation;
    const known = await loggedIn.find(request);
    if (known !== undefined) return sendLoggedInPage(reply, known.user.userName);
    return sendLoginForm(request, reply, { returnTo: textOf(request.query), externalUrl });
  });

  app.post("/login.do", async (request, reply) => {
    const form = readForm(request);
    checkCsrf(request, form);
    const returnTo = form.get("form_redirect_uri") ?? undefined;
    try {
      const user = await parts.passwordLogin.login(
        form.get("username") ?? "",
        uaaOrigin,
        form.get("password") ?? "",
      );
      const token = await webSessions.open(user.guid, clock.now().getTime());
      const options = { externalUrl, maxAgeSeconds: webSessionSeconds };
      return await reply
        .header("set-cookie", cookie(sessionCookie, token, options))
        .redirect(loggedIn.returnUrl(returnTo), 302);
    } catch (error) {
      if (!(error instanceof UaaError) || !wantsPage(request)) throw error;
      return sendLoginForm(request, reply, { returnTo, externalUrl, refusal: error });
    }
  });

  app.get("/passcode", async (request, reply) => {
    const known = await loggedIn.find(request);
    if (known === undefined) return reply.redirect(loggedIn.loginUrl("/passcode"), 302);
    const passcode = await codes.issue(
      known.user.guid,
      { purpose: "passcode" },
      clock.now().getTime(),
    );
    if (!wantsPage(request)) return reply.header("cache-control", "no-store").send({ passcode });
    return sendPage(reply, {
      title: "Temporary Authentication Code",
      body: html`<p><samp id="passcode">${passcode}</samp></p>
        <p>
          It logs ${known.user.userName} in once, within five minutes.
          <a href="logout.do">Log out</a>
        </p>`,
    });
  });

  app.get("/logout.do", async (request, reply) => {
    const token = cookieOf(request, sessionCookie);
    if (token !== undefined) await webSessions.end(token);
    return reply
      .header("set-cookie", cookie(sessionCookie, "", { externalUrl, maxAgeSeconds: 0 }))
      .redirect(`${externalUrl}/login`, 302);
  });
}

function sendLoginForm(
  request: FastifyRequest,
  reply: FastifyReply,
  form: {
    readonly returnTo: string | undefined;
    readonly externalUrl: string;
    readonly refusal?: UaaError;
  },
): FastifyReply {
  const { returnTo = "", externalUrl, refusal } = form;
  const token = csrfToken(request, reply, { externalUrl });
  const error =
    refusal === undefined ? [] : [html`<p class="error" role="alert">${textFor(refusal)}</p>`];
  return sendPage(reply, {
    title: "Log in",
    ...(refusal === undefined ? {} : { httpStatus: refusal.httpStatus }),
    body: html`${error}
      <form method="post" action="login.do">
        <input type="hidden" name="${csrfName}" value="${token}" />
        <input type="hidden" name="form_redirect_uri" value="${returnTo}" />
        <label for="username">Email</label>
        <input id="username" name="username" autocomplete="username" autofocus required />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <button>Sign in</button>
      </form>`,
  });
}

/** UAA's own words at this form. */
function textFor(refusal: UaaError): string {
  return refusal.message === "Bad credentials"
    ? "Provided credentials are invalid. Please try again."
    : refusal.message;
}

function sendLoggedInPage(reply: FastifyReply, userName: string): FastifyReply {
  return sendPage(reply, {
    title: "Where to?",
    body: html`<p>You are logged in as ${userName}.</p>
      <p>
        <a href="passcode">Get a code for <code>cf login --sso</code></a>
      </p>
      <p><a href="logout.do">Log out</a></p>`,
  });
}

function textOf(query: Readonly<Record<string, unknown>>): string | undefined {
  const value = query["form_redirect_uri"];
  return typeof value === "string" ? value : undefined;
}
