import { once } from "node:events";
import type { Agent } from "node:http";
import type { Readable, Writable } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import { WebSocket, type RawData } from "ws";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { Failure } from "../failure.ts";

export interface TerminalConnection {
  /** `ws:` or `wss:`; the window is added. */
  readonly url: URL;
  readonly ticket: string;
  readonly agent: Agent | undefined;
  readonly skipSslValidation: boolean;
}

const endSchema = z.union([
  z.object({ exit: z.object({ status: z.int() }) }),
  z.object({ ended: z.object({ reason: z.string() }) }),
]);

const errorsSchema = z.object({ errors: z.array(z.object({ detail: z.string() })).min(1) });

/** The platform says something each 30 s. */
const silenceMs = 75_000;
/** What is typed faster than it leaves waits in the terminal it is typed into. */
const unsentMax = 256 * 1024;
/** Ends the input of a shell whose input has been no terminal. */
const endOfTransmission = "\u0004";

/**
 * Sits this process's terminal at the one behind the socket until either ends; the exit status of the shell.
 *
 * @throws Failure with the platform's words where it ends the session, or lets nobody in
 */
export async function runTerminal(
  connection: TerminalConnection,
  local: {
    readonly input: Readable;
    readonly out: Writable;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { input, out, clock } = local;
  const socket = await connect(connection, out);
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, local.signal]);
  const isTerminal = input instanceof ReadStream;
  let end: z.infer<typeof endSchema> | undefined;
  try {
    if (isTerminal) input.setRawMode(true);
    followWindow(socket, out, signal);
    sendInput(socket, input, isTerminal);
    socket.on("message", (data: RawData, isBinary: boolean) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
      if (!isBinary) end = endSchema.parse(JSON.parse(bytes.toString("utf8")));
      else if (!out.write(bytes)) {
        socket.pause();
        out.once("drain", () => socket.resume());
      }
    });
    await Promise.race([once(socket, "close", { signal }), silence(socket, clock, signal)]);
  } finally {
    over.abort();
    socket.terminate();
    if (isTerminal) input.setRawMode(false);
    input.pause();
  }
  if (end === undefined) throw new Failure("The connection to the platform was lost.");
  if ("ended" in end) throw new Failure(`The terminal was closed. ${end.ended.reason}.`);
  return end.exit.status;
}

async function connect(connection: TerminalConnection, out: Writable): Promise<WebSocket> {
  const url = new URL(connection.url);
  const { columns, rows } = windowOf(out);
  url.searchParams.set("columns", String(columns));
  url.searchParams.set("rows", String(rows));
  const { ticket, agent, skipSslValidation } = connection;
  const socket = new WebSocket(url, ["rivera.terminal", `ticket.${ticket}`], {
    perMessageDeflate: false,
    maxPayload: 1024 * 1024,
    handshakeTimeout: 20_000,
    rejectUnauthorized: !skipSslValidation,
    ...(agent === undefined ? {} : { agent }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("open", resolve);
  socket.on("error", (error) => reject(new Failure(`No terminal: ${error.message}`)));
  socket.once("unexpected-response", (_request, response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("end", () => reject(new Failure(reasonOf(Buffer.concat(chunks)))));
  });
  try {
    await promise;
  } catch (error) {
    socket.terminate();
    throw error;
  }
  return socket;
}

function reasonOf(body: Buffer): string {
  try {
    const [first] = errorsSchema.parse(JSON.parse(body.toString("utf8"))).errors;
    return first?.detail ?? "";
  } catch {
    return "The platform opens no terminal.";
  }
}

function windowOf(out: Writable): { readonly columns: number; readonly rows: number } {
  const side = (value: number, fallback: number) =>
    value >= 1 && value <= 1_000 ? value : fallback;
  if (!(out instanceof WriteStream)) return { columns: 80, rows: 24 };
  return { columns: side(out.columns, 80), rows: side(out.rows, 24) };
}

function followWindow(socket: WebSocket, out: Writable, signal: AbortSignal): void {
  const tell = () => socket.send(JSON.stringify({ resize: windowOf(out) }));
  out.on("resize", tell);
  signal.addEventListener("abort", () => out.off("resize", tell));
}

function sendInput(socket: WebSocket, input: Readable, isTerminal: boolean): void {
  input.on("data", (chunk: Buffer | string) => {
    socket.send(Buffer.from(chunk), { binary: true }, () => {
      if (socket.bufferedAmount < unsentMax) input.resume();
    });
    if (socket.bufferedAmount >= unsentMax) input.pause();
  });
  input.once("end", () => {
    if (!isTerminal) socket.send(Buffer.from(endOfTransmission), { binary: true });
  });
  input.resume();
}

/** Rejects once nothing has been heard for too long: a lost connection says nothing by itself. */
async function silence(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<never> {
  let heardAt = clock.now().getTime();
  const hear = () => {
    heardAt = clock.now().getTime();
  };
  socket.on("ping", hear);
  socket.on("message", hear);
  for (;;) {
    const left = heardAt + silenceMs - clock.now().getTime();
    if (left <= 0) throw new Failure("The connection to the platform was lost: it says nothing.");
    await clock.sleep(left, signal);
  }
}
