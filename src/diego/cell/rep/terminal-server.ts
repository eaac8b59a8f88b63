import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { forRequest, givenRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Executor } from "../executor/executor.ts";
import { runTerminalSession, windowSchema } from "./terminal-session.ts";

export interface TerminalLimits {
  /** After that long without a byte either way a terminal is closed. */
  readonly idleMs: number;
}

const path = /^\/v1\/kept_tasks\/([^/?]+)\/terminal\?/;
/** Bytes of one message: what is pasted comes in several. */
const messageMax = 256 * 1024;

interface TerminalServerConfig extends TerminalLimits {
  readonly secret: InternalSecret;
}

interface TerminalServerParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly open: Executor["openTerminal"];
}

/** Terminals in the containers of failed tasks, over WebSocket: `GET /v1/kept_tasks/:guid/terminal?columns=&rows=`. */
export class TerminalServer {
  readonly #config: TerminalServerConfig;
  readonly #parts: TerminalServerParts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageMax,
    perMessageDeflate: false,
  });

  constructor(config: TerminalServerConfig, parts: TerminalServerParts) {
    this.#config = config;
    this.#parts = parts;
  }

  serve(server: Server): void {
    server.on("upgrade", (request, socket, head) =>
      forRequest(givenRequestId(request), () => this.#upgrade(request, socket, head)),
    );
  }

  /** Ends what is open. */
  close(): void {
    for (const socket of this.#sockets.clients) socket.close(1001, "The cell is being stopped");
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    if (!carriesSecret(request.headers, this.#config.secret))
      return refuse(socket, "401 Unauthorized");
    const asked = askedFor(request.url ?? "");
    if (asked === undefined) return refuse(socket, "400 Bad Request");
    const opened = this.#parts.open(asked.taskGuid, asked.window);
    if (opened.kind === "not-kept") return refuse(socket, "404 Not Found");
    if (opened.kind === "too-many") return refuse(socket, "409 Conflict");
    const { terminal, taken } = opened;
    // A handshake that fails ends the socket without a word here.
    const abandon = () => terminal.close();
    socket.once("close", abandon);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const { clock, logger } = this.#parts;
      const { idleMs } = this.#config;
      runTerminalSession({ socket: webSocket, terminal, taken, clock, idleMs }).catch(
        (error: unknown) => {
          logger.error("terminal-failed", { taskGuid: asked.taskGuid, error });
          webSocket.terminate();
        },
      );
    });
  }
}

function askedFor(url: string) {
  const [, guid] = path.exec(url) ?? [];
  if (guid === undefined) return undefined;
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const window = windowSchema.safeParse({
    columns: Number(query.get("columns")),
    rows: Number(query.get("rows")),
  });
  return window.success ? { taskGuid: guid, window: window.data } : undefined;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
