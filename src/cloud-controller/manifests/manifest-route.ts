/** A route as a manifest writes it. */
export interface ManifestRoute {
  /** As written, for messages. */
  readonly text: string;
  /** The whole host name, in lower case. */
  readonly hostname: string;
  /** Empty, or begins with a slash. */
  readonly path: string;
  readonly port: number | undefined;
  readonly protocol?: "http1" | "http2" | undefined;
  readonly options?: { readonly loadbalancing?: string | undefined } | undefined;
}

const label = String.raw`[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?`;
const routeForm = new RegExp(
  String.raw`^(?:https?://|tcp://)?((?:\*|${label})(?:\.${label})+)(?::(\d{1,5}))?(/[^\s?#]*)?$`,
  "i",
);

/** Undefined where the text is no `host.domain/path`. */
export function parseManifestRoute(text: string): ManifestRoute | undefined {
  const match = routeForm.exec(text);
  const [, hostname = "", port, path = ""] = match ?? [];
  if (match === null || /(^|\/)\.\.?(\/|$)/.test(path) || hostname.length > 253) return undefined;
  return {
    text,
    hostname: hostname.toLowerCase(),
    path: path === "/" ? "" : path,
    port: port === undefined ? undefined : Number(port),
  };
}
