import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface RecordedRequest {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly status: number;
}

export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** In the order in which their answers ended. */
  readonly requests: RecordedRequest[];
}

/**
 * Stands between a client and the API and keeps what went over the wire. Links in the answers that name the API are
 * rewritten to the proxy, so that the client's next request comes by too.
 */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const requests: RecordedRequest[] = [];
  const upstream = new URL(target);
  let own = "";
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = await readAll(incoming);
      const answer = await forward(upstream, incoming.method ?? "GET", incoming.url ?? "/", {
        headers: { ...incoming.headers, host: upstream.host },
        body,
      });
      requests.push({
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        headers: incoming.headers,
        body,
        status: answer.status,
      });
      const rewritten = Buffer.from(
        answer.body.toString("latin1").replaceAll(target, own),
        "latin1",
      );
      const headers = { ...answer.headers };
      if (headers.location !== undefined) headers.location = headers.location.replace(target, own);
      delete headers["transfer-encoding"];
      headers["content-length"] = String(rewritten.length);
      outgoing.writeHead(answer.status, headers);
      outgoing.end(rewritten);
    })().catch((error: unknown) => {
      outgoing.writeHead(599, { "content-type": "text/plain" });
      outgoing.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: own,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function forward(
  upstream: URL,
  method: string,
  path: string,
  content: { headers: IncomingHttpHeaders; body: Buffer },
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: upstream.hostname, port: upstream.port, method, path, headers: content.headers },
      (response) => {
        readAll(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        );
      },
    );
    request.on("error", reject);
    request.end(content.body);
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
