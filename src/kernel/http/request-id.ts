import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/**
 * As which a request stands in every line of the log, and in its answer as `X-Vcap-Request-Id`: the client's own id,
 * where it is harmless, before ours, `client::uuid`.
 */
export function newRequestId(request: { readonly headers: IncomingHttpHeaders }): string {
  const given = request.headers["x-vcap-request-id"];
  const own = randomUUID();
  return typeof given === "string" && /^[\w-]{1,128}$/.test(given) ? `${given}::${own}` : own;
}
