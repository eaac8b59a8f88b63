import { headerValues } from "./request-target.ts";

/** An app that sets such a cookie wants its later requests at the same instance (`router.sticky_session_cookie_names`). */
const sessionCookieNames = new Set(["JSESSIONID"]);
const instanceCookieName = "__VCAP_ID__";

/** Attributes of the app's cookie that ours takes over. */
const copiedAttributes = new Set(["expires", "max-age", "partitioned", "samesite", "secure"]);

/** The instance that a request belongs to by its cookies, or undefined. */
export function stickyInstanceOf(rawRequestHeaders: readonly string[]): string | undefined {
  const pairs = headerValues(rawRequestHeaders, "cookie")
    .flatMap((value) => value.split(";"))
    .map((pair) => pair.trim().split("="));
  if (!pairs.some(([name = ""]) => sessionCookieNames.has(name))) return undefined;
  return pairs.find(([name]) => name === instanceCookieName)?.[1];
}

/**
 * The `Set-Cookie` that binds a client to the instance that answered: where the app opened a session, and where the
 * request was bound to an instance that is gone. An app that sets the cookie itself has its way.
 */
export function stickyCookie(answer: {
  readonly rawResponseHeaders: readonly string[];
  readonly requestedInstance: string | undefined;
  readonly instanceGuid: string;
  /** The route's path, `/` for none. */
  readonly contextPath: string;
}): string | undefined {
  const { requestedInstance, instanceGuid } = answer;
  const cookies = headerValues(answer.rawResponseHeaders, "set-cookie");
  if (cookies.some((cookie) => nameOf(cookie) === instanceCookieName)) return undefined;
  const session = cookies.find((cookie) => sessionCookieNames.has(nameOf(cookie)));
  const hasMoved = requestedInstance !== undefined && requestedInstance !== instanceGuid;
  if (session === undefined && !hasMoved) return undefined;
  const copied = (session ?? "")
    .split(";")
    .slice(1)
    .map((attribute) => attribute.trim())
    .filter((attribute) => isCopied(attribute));
  return [
    `${instanceCookieName}=${instanceGuid}`,
    `Path=${answer.contextPath}`,
    ...copied,
    "HttpOnly",
  ].join("; ");
}

function nameOf(cookie: string): string {
  return cookie.slice(0, Math.max(0, cookie.indexOf("="))).trim();
}

/** Of the ages only a negative or zero one, with which an app ends its session: ours ends with it. */
function isCopied(attribute: string): boolean {
  const [name = "", value = ""] = attribute.toLowerCase().split("=");
  if (!copiedAttributes.has(name)) return false;
  return name !== "max-age" || Number(value) <= 0;
}
