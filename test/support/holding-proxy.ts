import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface HoldingProxy extends AsyncDisposable {
  readonly url: string;
  /** Lets that many more bytes of the client's pass, then none; resolves when they have passed. */
  holdAfter(bytes: number): Promise<void>;
  /** Lets everything pass again, on connections made from now on. */
  letPass(): void;
}

/** Stands between a client and the API and can stop an upload in its middle. `target` is asked at each connection. */
export async function startHoldingProxy(target: () => string): Promise<HoldingProxy> {
  let left = Number.POSITIVE_INFINITY;
  let reached: (() => void) | undefined;
  const sockets = new Set<Socket>();
  const pass = (client: Socket, upstream: Socket) => {
    client.on("data", (chunk: Buffer) => {
      const passing = chunk.subarray(0, Math.min(chunk.length, left));
      left -= passing.length;
      upstream.write(passing);
      // Read on, and drop: the end of a client whose bytes nobody reads would go unseen.
      if (left === 0) reached?.();
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      sockets.add(one);
    }
  };
  const server = createServer((client) => {
    const { hostname, port } = new URL(target());
    pass(client, connect(Number(port), hostname));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async holdAfter(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      reached = resolve;
      left = bytes;
      await promise;
    },
    letPass: () => (left = Number.POSITIVE_INFINITY),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
