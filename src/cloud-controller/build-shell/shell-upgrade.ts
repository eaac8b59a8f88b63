import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#kernel/clock/clock.ts";
import { forRequest, newRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { findApp } from "../apps/find-app.ts";
import { findBuild } from "../builds/find-build.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { KeptStaging, KeptStagings } from "./kept-stagings.ts";
import { recordShellEvent } from "./shell-routes.ts";
import { redeemTicket } from "./tickets.ts";

/** The subprotocol that is spoken; beside it a client offers `ticket.TICKET`. */
const protocol = "rivera.terminal";
const path = /^\/rivera\/v1\/builds\/([^/?]+)\/shell(?:\?(.*))?$/;

export interface ShellUpgradeOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kept: KeptStagings;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/**
 * The way of a terminal's socket from the public origin to the cell that keeps the container. Once the ticket is good the
 * bytes pass through as they are: neither end can make this process hold more than a socket does.
 */
export class ShellUpgrade {
  readonly #options: ShellUpgradeOptions;
  readonly #open = new Set<Duplex>();

  constructor(options: ShellUpgradeOptions) {
    this.#options = options;
    options.stopping.addEventListener("abort", () => {
      for (const socket of this.#open) socket.destroy();
    });
  }

  /** Takes over the connection of a request that asks to become a WebSocket. */
  readonly handle = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#open.delete(socket));
    void forRequest(newRequestId(request), () =>
      this.#connect(request, socket, head).catch((error: unknown) => {
        if (!(error instanceof CfError)) this.#options.logger.error("shell-failed", { error });
        refuse(socket, error instanceof CfError ? error : new CfError("UnknownError"));
      }),
    );
  };

  async #connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const [, guid, query] = path.exec(request.url ?? "") ?? [];
    const key = request.headers["sec-websocket-key"];
    if (guid === undefined || request.method !== "GET" || key === undefined) {
      throw new CfError("NotFound");
    }
    const offered = String(request.headers["sec-websocket-protocol"] ?? "").split(/ *, */);
    const ticket = offered.find((each) => each.startsWith("ticket."))?.slice("ticket.".length);
    if (ticket === undefined) throw new CfError("NotAuthenticated");
    const kept = await this.#redeem(guid, ticket);
    const { url, headers } = kept.cell.terminal(guid, windowOf(query));
    const version = request.headers["sec-websocket-version"] ?? "";
    const upstream = httpRequest(url, {
      headers: {
        ...headers,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": key,
        "sec-websocket-version": version,
        "sec-websocket-protocol": protocol,
      },
    });
    upstream.once("upgrade", (response, cell, cellHead) => {
      socket.write(acceptance(response));
      join({ stream: socket, head }, { stream: cell, head: cellHead });
    });
    upstream.once("response", (response) => {
      response.resume();
      refuse(socket, refusalOf(response.statusCode ?? 0));
    });
    upstream.once("error", () => refuse(socket, new CfError("ServiceUnavailable")));
    socket.once("close", () => upstream.destroy());
    upstream.end();
  }

  /** Whoever holds the ticket has been found to have the right; its use is what is recorded. */
  async #redeem(guid: string, ticket: string): Promise<KeptStaging> {
    const { db, clock, kept } = this.#options;
    await db.transaction().execute(async (tx) => {
      const actor = await redeemTicket(tx, clock, { buildGuid: guid, ticket });
      if (actor === undefined) throw new CfError("InvalidAuthToken");
      const build = await findBuild(tx, guid);
      const app = build === undefined ? undefined : await findApp(tx, build.appGuid);
      if (build === undefined || app === undefined) throw notFound("Build");
      await recordShellEvent(tx, clock, { build, app, actor, door: "shell", isAuthorized: true });
    });
    const found = await kept.find(guid);
    if (found === undefined) throw refusalOf(404);
    return found;
  }
}

/** The cell checks it as well; what is no window becomes the customary one. */
function windowOf(query: string | undefined) {
  const given = new URLSearchParams(query ?? "");
  const side = (name: string, fallback: number) => {
    const value = given.get(name) ?? "";
    return /^[1-9]\d{0,2}$/.test(value) ? Number(value) : fallback;
  };
  return { columns: side("columns", 80), rows: side("rows", 24) };
}

function refusalOf(status: number): CfError {
  if (status === 404) {
    return new CfError("UnprocessableEntity", "The container is not there any more");
  }
  if (status === 409) {
    return new CfError("UnprocessableEntity", "Too many terminals are open in this container");
  }
  return new CfError(status === 400 ? "BadRequest" : "ServiceUnavailable");
}

/** Only what a handshake says. */
function acceptance({ headers }: IncomingMessage): string {
  const lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: Upgrade"];
  for (const name of ["sec-websocket-accept", "sec-websocket-protocol"] as const) {
    const value = headers[name];
    if (typeof value === "string") lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

interface End {
  readonly stream: Duplex;
  /** What it had sent behind its handshake. */
  readonly head: Buffer;
}

function join(client: End, cell: End): void {
  cell.stream.write(client.head);
  client.stream.write(cell.head);
  client.stream.pipe(cell.stream).pipe(client.stream);
  cell.stream.on("error", () => cell.stream.destroy());
  cell.stream.once("close", () => client.stream.end());
  client.stream.once("close", () => cell.stream.destroy());
}

function refuse(socket: Duplex, error: CfError): void {
  if (socket.destroyed || socket.writableEnded) return;
  const body = JSON.stringify({ errors: error.entries });
  const head = [
    `HTTP/1.1 ${error.status} Refused`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
