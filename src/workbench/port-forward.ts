import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { Failure } from "#cli/failure.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** An address of this machine's loopback that leads into a container, once it is told where. */
export class PortForward implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #target: Target | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.#sockets = new Set();
    server.on("connection", (socket) => this.#forward(socket));
  }

  /** `port` 0: a free one. @throws `Failure` where another program has it */
  static async open(port: number): Promise<PortForward> {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code === "EADDRINUSE") {
        throw new Failure(
          `Port ${port} is taken by another program: give another one with --port, or none for a free one`,
          { cause: error },
        );
      }
      if (code === "EACCES") {
        throw new Failure(`Port ${port} is not for this user: give one above 1023 with --port`, {
          cause: error,
        });
      }
      throw error;
    }
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("There is no port");
    return new PortForward(server, address.port);
  }

  leadTo(target: Target): void {
    this.#target = target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Until the app is healthy nobody is let in, as a router would have no route to it. */
  #forward(socket: Socket): void {
    if (this.#target === undefined) {
      socket.destroy();
      return;
    }
    const inside = connect(this.#target);
    for (const each of [socket, inside]) {
      this.#sockets.add(each);
      each.on("close", () => this.#sockets.delete(each));
    }
    // Whichever end breaks off, the other is closed with it.
    pipeline(socket, inside, socket, () => undefined);
  }
}
