import { Failure } from "../failure.ts";

/** No HTTP answer came: one line that names the address, the reason and the mend. */
export class ConnectionError extends Failure {
  constructor(url: URL | undefined, cause: unknown) {
    super(message(url, cause), { cause });
    this.name = "ConnectionError";
  }
}

function message(url: URL | undefined, cause: unknown): string {
  if (url === undefined) return `Request error: ${reason(cause)}`;
  const code = codeOf(cause);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) {
    return `Invalid SSL Cert for ${url.origin} (${reason(cause)})\nTIP: Use 'rivera login --skip-ssl-validation' to continue with an insecure API endpoint`;
  }
  if (code === "ECONNREFUSED") {
    return `Cannot reach the API at ${url.origin}: connection refused. Is \`rivera up\` running?`;
  }
  if (code === "EPROTO") {
    return `Cannot reach the API at ${url.origin}: it does not speak TLS. Perhaps its address begins with http:`;
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `Cannot reach the API at ${url.origin}: the name "${url.hostname}" does not resolve. Use an address such as http://127.0.0.1:PORT, or check the spelling`;
  }
  return `Cannot reach the API at ${url.origin}: ${reason(cause)}. Check that \`rivera up\` runs, your network and the https_proxy variable`;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors.at(0));
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return reason(error.errors.at(0));
  return error instanceof Error ? error.message : String(error);
}
