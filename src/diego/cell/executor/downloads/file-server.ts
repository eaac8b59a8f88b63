import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Checksum } from "#diego/models/action.ts";
import { handedFile, handoverHeader } from "#kernel/http/file-handover.ts";

export interface ReceivedUpload {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A real HTTP server on loopback for tests: gives files, takes uploads, and fails when told to. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, Buffer>();
  readonly uploads: ReceivedUpload[] = [];
  /** The paths that were asked for, in order. */
  readonly requests: string[] = [];
  /** Where it hands files over, as Cloud Controller does on one machine. */
  handoverDirectory: string | undefined;
  /** Statuses to answer with before anything else, or `drop` for a connection that breaks. */
  readonly troubles: (number | "drop")[] = [];
  readonly #server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    this.requests.push(pathname);
    const trouble = this.troubles.shift();
    if (trouble === "drop") {
      request.socket.destroy();
    } else if (trouble !== undefined) {
      response.writeHead(trouble).end();
    } else if (request.method === "POST") {
      const handed = handedFile(this.handoverDirectory, request.headers[handoverHeader]);
      void (handed === undefined ? buffer(request) : readFile(handed)).then((body) => {
        this.uploads.push({ path: pathname, headers: request.headers, body });
        response.writeHead(200).end();
      });
    } else {
      const file = this.files.get(pathname);
      const etag = file === undefined ? "" : `"${sha256Of(file).value}"`;
      if (file === undefined) response.writeHead(404).end();
      else if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
      else this.#send(request, response, { etag, file });
    }
  });
  #origin = "";

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    const { port } = server.#server.address() as AddressInfo;
    server.#origin = `http://127.0.0.1:${port}`;
    return server;
  }

  url(path: string): string {
    return `${this.#origin}${path}?signature=hunter2`;
  }

  #send(
    { headers }: IncomingMessage,
    response: ServerResponse,
    { etag, file }: { readonly etag: string; readonly file: Buffer },
  ): void {
    const name = String(headers[handoverHeader]);
    const handed = handedFile(this.handoverDirectory, name);
    if (handed === undefined) response.writeHead(200, { etag }).end(file);
    else {
      void writeFile(handed, file).then(() =>
        response.writeHead(200, { etag, [handoverHeader]: name }).end(),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function sha256Of(content: Buffer): Checksum {
  return { algorithm: "sha256", value: createHash("sha256").update(content).digest("hex") };
}
