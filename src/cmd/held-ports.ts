import { randomInt } from "node:crypto";
import { createServer, type AddressInfo, type Server } from "node:net";

/** Below the ports that Linux gives to outgoing connections (`ip_local_port_range`), any of which could come in between. */
const quiet = { from: 20_000, to: 32_768 };
const tries = 20;

/** Ports that were found free and stay so until the part that listens there starts: a start takes seconds. */
export class HeldPorts implements AsyncDisposable {
  readonly #servers = new Map<number, Server>();

  /** Takes `wanted`, 0 for any; undefined where it is taken or not ours to take. */
  async hold(host: string, wanted: number): Promise<number | undefined> {
    if (wanted !== 0) return await this.#listen(host, wanted);
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const port = await this.#listen(host, randomInt(quiet.from, quiet.to));
      if (port !== undefined) return port;
    }
    return await this.#listen(host, 0);
  }

  /** For whoever listens there next. */
  async release(port: number): Promise<void> {
    const server = this.#servers.get(port);
    if (server === undefined) return;
    this.#servers.delete(port);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((port) => this.release(port)));
  }

  async #listen(host: string, wanted: number): Promise<number | undefined> {
    // Who comes too early is refused, as where nobody listens.
    const server = createServer((socket) => socket.resetAndDestroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port: wanted, exclusive: true }, resolve);
      });
    } catch (error) {
      server.close();
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EADDRINUSE" || code === "EACCES") return undefined;
      throw error;
    }
    const { port } = server.address() as AddressInfo;
    this.#servers.set(port, server);
    return port;
  }
}
