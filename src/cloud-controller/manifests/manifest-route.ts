import type { WantedDestination } from "../routes/destinations-message.ts";

/** A route as a manifest writes it. */
export interface ManifestRoute {
  /** As written, for messages. */
  readonly text: string;
  /** The whole host name, in lower case. */
  readonly hostname: string;
  /** Empty, or begins with a slash. */
  readonly path: string;
  readonly port: number | undefined;
  readonly protocol: WantedDestination["protocol"];
  /** As given; what a route has beside stays. */
  readonly options: Readonly<Record<string, unknown>>;
}

const label = String.raw`[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?`;
const routeForm = new RegExp(
  String.raw`^(?:(https?|tcp)://)?((?:\*|${label})(?:\.${label})+)(?::(\d{1,5}))?(/[^\s?#]*)?$`,
  "i",
);

/** Undefined where the text is no `host.domain/path` or, for TCP, `domain:port`. */
export function parseManifestRoute(
  text: string,
): Pick<ManifestRoute, "text" | "hostname" | "path" | "port"> | undefined {
  const match = routeForm.exec(text);
  const [, scheme, hostname = "", port, path = ""] = match ?? [];
  if (match === null || /(^|\/)\.\.?(\/|$)/.test(path) || hostname.length > 253) return undefined;
  if (scheme !== undefined && (scheme.toLowerCase() === "tcp") !== (port !== undefined)) {
    return undefined;
  }
  return {
    text,
    hostname,
    path,
    port: port === undefined ? undefined : Number(port),
  };
}
