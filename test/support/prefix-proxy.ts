import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";

export interface PrefixProxy extends AsyncDisposable {
  /** With the prefix, without a slash at the end. */
  readonly url: string;
  /** Where it leads; set once that is known. */
  target: string;
}

/**
 * A proxy that serves an origin below a path, with what nginx does for it: `proxy_pass http://target/` (which rewrites
 * `Location`, too) and `proxy_cookie_path / /prefix/`.
 */
export async function startPrefixProxy(prefix: string): Promise<PrefixProxy> {
  const server = createServer((incoming, outgoing) => forward(proxy, prefix, incoming, outgoing));
  server.on("upgrade", (incoming, socket, head) => {
    const onward = ask(proxy.target + (incoming.url ?? "").slice(prefix.length), {
      headers: incoming.headers,
    });
    onward.on("error", () => socket.destroy());
    onward.on("response", () => socket.destroy());
    onward.on("upgrade", (answer, upstream, first) => {
      const lines = answer.rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [`${name}: ${answer.rawHeaders[at + 1] ?? ""}`] : [],
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.write(first);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    onward.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy: PrefixProxy = {
    url: `http://127.0.0.1:${port}${prefix}`,
    target: "",
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function forward(
  proxy: PrefixProxy,
  prefix: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const url = incoming.url ?? "";
  if (!url.startsWith(`${prefix}/`)) {
    outgoing.writeHead(404).end();
    return;
  }
  const { host: _host, ...headers } = incoming.headers;
  const onward = ask(
    proxy.target + url.slice(prefix.length),
    { method: incoming.method ?? "GET", headers },
    (answer) => {
      const { location } = answer.headers;
      const cookies = answer.headers["set-cookie"]?.map((cookie) =>
        cookie.replace(/path=\//i, `Path=${prefix}/`),
      );
      outgoing.writeHead(answer.statusCode ?? 502, {
        ...answer.headers,
        ...(location === undefined ? {} : { location: location.replace(proxy.target, proxy.url) }),
        ...(cookies === undefined ? {} : { "set-cookie": cookies }),
      });
      answer.pipe(outgoing);
    },
  );
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
