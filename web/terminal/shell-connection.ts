import * as z from "zod/mini";

// The protocol that the platform speaks on the socket of a terminal: binary messages are bytes, text messages JSON.

export type ShellEnd =
  | { readonly kind: "exit"; readonly status: number }
  /** The platform has closed it, and says why. */
  | { readonly kind: "ended"; readonly reason: string }
  /** Without a word. */
  | { readonly kind: "lost" };

const lastWords = z.union([
  z.object({ exit: z.object({ status: z.number() }) }),
  z.object({ ended: z.object({ reason: z.string() }) }),
]);

export interface Window {
  readonly columns: number;
  readonly rows: number;
}

export interface ShellConnection {
  type(text: string): void;
  resize(window: Window): void;
  /** Hangs up. */
  close(): void;
  readonly ended: Promise<ShellEnd>;
}

/** Told in steps: each is a message. */
const readStep = 32 * 1024;

/** @param show resolves once the bytes are on the screen: what has not been shown yet the platform does not follow up. */
export function connectShell(
  url: URL,
  asked: { readonly ticket: string; readonly window: Window },
  show: (bytes: Uint8Array) => Promise<void>,
): ShellConnection {
  const address = new URL(url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("columns", String(asked.window.columns));
  address.searchParams.set("rows", String(asked.window.rows));
  const socket = new WebSocket(address, ["rivera.terminal", `ticket.${asked.ticket}`]);
  socket.binaryType = "arraybuffer";
  const { promise: ended, resolve } = Promise.withResolvers<ShellEnd>();
  const waiting: string[] = [];
  const say = (message: object) => {
    const text = JSON.stringify(message);
    if (socket.readyState === WebSocket.CONNECTING) waiting.push(text);
    else if (socket.readyState === WebSocket.OPEN) socket.send(text);
  };
  let unsaid = 0;
  const shown = (bytes: number) => {
    unsaid += bytes;
    if (unsaid < readStep) return;
    say({ read: unsaid });
    unsaid = 0;
  };
  // The platform sends ahead by a bounded amount once it knows that it is told what was read.
  say({ read: 0 });
  socket.addEventListener("open", () => {
    for (const text of waiting.splice(0)) socket.send(text);
  });
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) {
      const bytes = new Uint8Array(data);
      void show(bytes).then(() => shown(bytes.length));
      return;
    }
    resolve(endOf(String(data)));
  });
  socket.addEventListener("close", () => resolve({ kind: "lost" }));
  return {
    type: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(new TextEncoder().encode(text));
    },
    resize: (window) => say({ resize: window }),
    close: () => socket.close(),
    ended,
  };
}

function endOf(text: string): ShellEnd {
  try {
    const last = lastWords.parse(JSON.parse(text));
    if ("exit" in last) return { kind: "exit", status: last.exit.status };
    return { kind: "ended", reason: last.ended.reason };
  } catch {
    return { kind: "lost" };
  }
}
