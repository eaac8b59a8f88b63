import { once } from "node:events";
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { OpenedTerminal } from "../executor/kept/kept-containers.ts";

// The protocol on the socket, which a client of the platform speaks as it comes from here: binary messages are the
// terminal's bytes, both ways; text messages are JSON. From the client `{"resize": {"columns", "rows"}}`, and `{"read": BYTES}`
// from one that cannot make the socket wait, as browsers cannot: from the first of these on it is sent ahead of what it says
// to have read by a bounded amount. To the client as the last one `{"exit": {"status"}}`, or `{"ended": {"reason"}}` where the cell ends what the program has not.

const side = z.int().min(1).max(1_000);
export const windowSchema = z.object({ columns: side, rows: side });
const controlSchema = z.union([
  z.strictObject({ resize: z.strictObject(windowSchema.shape) }),
  z.strictObject({
    read: z
      .int()
      .min(0)
      .max(2 ** 31),
  }),
]);

const pingMs = 30_000;
/** Sent to a client that says what it has read, beyond that. */
const unreadMax = 256 * 1024;

export interface TerminalSession {
  readonly socket: WebSocket;
  readonly terminal: Extract<OpenedTerminal, { kind: "opened" }>["terminal"];
  /** Words, once the container goes. */
  readonly taken: Promise<string>;
  readonly clock: Clock;
  /** Without a byte either way. */
  readonly idleMs: number;
}

/** Carries a terminal over a socket until one of them ends; neither side holds more than one message of the other's. */
export async function runTerminalSession(session: TerminalSession): Promise<void> {
  const { socket, terminal, clock, idleMs } = session;
  const over = new AbortController();
  const idle = new IdleWatch(clock, idleMs);
  const reader = new Reader();
  socket.on("error", () => socket.terminate());
  socket.once("close", () => {
    reader.leave();
    terminal.close();
  });
  followInput(session, idle, reader);
  const shown = showOutput(session, idle, reader);
  try {
    const end = await Promise.race([
      terminal.exited.then(async (status) => {
        await shown;
        return { exit: { status } };
      }),
      session.taken.then((reason) => ({
        ended: { reason: `The container is removed: ${reason}` },
      })),
      idle.over(over.signal).then(() => ({
        ended: { reason: `Nothing was typed or shown for ${Math.round(idleMs / 1_000)} seconds` },
      })),
      keepAlive(socket, clock, over.signal),
      once(socket, "close", { signal: over.signal }).then(() => undefined),
    ]);
    if (end !== undefined) socket.send(JSON.stringify(end));
    socket.close(1000);
  } finally {
    over.abort();
    terminal.close();
  }
}

function followInput({ socket, terminal }: TerminalSession, idle: IdleWatch, reader: Reader): void {
  const { input } = terminal;
  input.on("error", () => undefined);
  socket.on("message", (data: RawData, isBinary: boolean) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
    idle.seen();
    if (!isBinary) {
      const control = controlOf(bytes);
      if (control === undefined) socket.close(1007, "A text message must be a resize or a read");
      else if ("read" in control) reader.hasRead(control.read);
      else terminal.resize(control.resize.columns, control.resize.rows);
      return;
    }
    if (input.write(bytes)) return;
    // A program that does not read must not fill the cell's memory.
    socket.pause();
    input.once("drain", () => socket.resume());
  });
}

function controlOf(text: Buffer): z.infer<typeof controlSchema> | undefined {
  try {
    return controlSchema.parse(JSON.parse(text.toString("utf8")));
  } catch {
    return undefined;
  }
}

/** The next piece is read when the one before has left the cell: a slow reader slows the program down. */
async function showOutput(
  { socket, terminal }: TerminalSession,
  idle: IdleWatch,
  reader: Reader,
): Promise<void> {
  try {
    for await (const chunk of terminal.output) {
      idle.seen();
      await reader.isReady(chunk.length);
      await new Promise<void>((resolve, reject) => {
        socket.send(chunk, { binary: true }, (error) => (error ? reject(error) : resolve()));
      });
    }
  } catch {
    // The socket is gone, which its own end tells.
  }
}

/** Proxies close what is silent; whoever is not there any more does not answer. */
async function keepAlive(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<undefined> {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  while (!signal.aborted) {
    await clock.sleep(pingMs, signal).catch(() => undefined);
    if (signal.aborted) break;
    if (!isAlive && !socket.isPaused) {
      socket.terminate();
      break;
    }
    isAlive = false;
    socket.ping();
  }
  return undefined;
}

/** How far the client has come with what it was sent, where it says so. */
class Reader {
  #unread = 0;
  #tells = false;
  #wake: () => void = () => undefined;

  hasRead(bytes: number): void {
    this.#tells = true;
    this.#unread = Math.max(0, this.#unread - bytes);
    this.#wake();
  }

  leave(): void {
    this.#tells = false;
    this.#wake();
  }

  /** Resolves once it may be sent that many more. */
  async isReady(bytes: number): Promise<void> {
    while (this.#tells && this.#unread > unreadMax) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#unread += bytes;
  }
}

class IdleWatch {
  readonly #clock: Clock;
  readonly #ms: number;
  #seenAt: number;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#seenAt = clock.now().getTime();
  }

  seen(): void {
    this.#seenAt = this.#clock.now().getTime();
  }

  /** Resolves once that long nothing was seen. */
  async over(signal: AbortSignal): Promise<void> {
    for (;;) {
      const left = this.#seenAt + this.#ms - this.#clock.now().getTime();
      if (left <= 0) return;
      await this.#clock.sleep(left, signal);
    }
  }
}
