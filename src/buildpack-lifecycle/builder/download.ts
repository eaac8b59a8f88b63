import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream/promises";

const timeoutMs = 10 * 60 * 1000;
const redirectsMax = 10;

export interface DownloadOptions {
  readonly verifyCertificates: boolean;
  /** Read for HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Streams the resource to `file`, following redirects, and gives its size in bytes. */
export async function download(
  url: string,
  file: string,
  options: DownloadOptions,
): Promise<number> {
  const signal = AbortSignal.timeout(timeoutMs);
  let location = new URL(url);
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const response = await request(location, options, signal);
    const status = response.statusCode ?? 0;
    const redirect = response.headers.location;
    if (status >= 300 && status < 400 && redirect !== undefined) {
      response.destroy();
      location = new URL(redirect, location);
      continue;
    }
    if (status !== 200) {
      response.destroy();
      throw new Error(`Download failed: Status code ${status}`);
    }
    await pipeline(response, createWriteStream(file), { signal });
    return (await stat(file)).size;
  }
  throw new Error(`stopped after ${redirectsMax} redirects`);
}

function request(
  url: URL,
  { verifyCertificates, env }: DownloadOptions,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (url.protocol === "https:") {
      const agent = new https.Agent({ proxyEnv: env, rejectUnauthorized: verifyCertificates });
      https.get(url, { agent, signal }, resolve).on("error", reject);
    } else if (url.protocol === "http:") {
      const agent = new http.Agent({ proxyEnv: env });
      http.get(url, { agent, signal }, resolve).on("error", reject);
    } else {
      reject(new Error(`unsupported protocol scheme "${url.protocol.replace(/:$/, "")}"`));
    }
  });
}
