import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { defaultPath } from "#kernel/process/run-command.ts";
import type { ContainerTerminal, TerminalSpec } from "../container-runtime.ts";
import { type InsideCommand, killInside } from "./container-files.ts";

const program = path.join(import.meta.dirname, "terminal.pl");
/** A frame's length has 16 bits. */
const frameMax = 65_535;

/** What is run inside: the stack's own perl, which makes the terminal there (`terminal.pl` has the protocol). */
export function terminalProcess(spec: TerminalSpec) {
  const { columns, rows, dir, path: command, args } = spec;
  const text = readFileSync(program, "utf8");
  return {
    path: "/usr/bin/perl",
    args: ["-e", text, String(columns), String(rows), dir, command, ...args],
    env: spec.env,
    dir: "/",
  };
}

/** @throws where the program of the host cannot be started; what fails inside is told in `output` and by the status */
export function openTerminal(inside: InsideCommand): ContainerTerminal {
  const [command = "", ...args] = inside.command;
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: defaultPath },
  });
  const { promise: exited, resolve } = Promise.withResolvers<number>();
  child.once("error", () => resolve(126));
  child.once("close", (code) => resolve(code ?? 137));
  // What is typed into a terminal that has ended goes nowhere.
  child.stdin.on("error", () => undefined);
  // Only what never came to have a terminal writes there.
  const output = new PassThrough();
  child.stderr.pipe(output, { end: false });
  child.stdout.pipe(output);
  return {
    input: framed(child.stdin),
    output,
    resize: (columns, rows) => {
      child.stdin.write(frame("w", windowOf(columns, rows)));
    },
    exited,
    close: () => killInside(inside, child),
  };
}

function framed(stdin: Writable): Writable {
  return new Writable({
    highWaterMark: frameMax,
    write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += frameMax) {
        const isLast = at + frameMax >= chunk.length;
        const piece = frame("d", chunk.subarray(at, at + frameMax));
        // Not an error of whoever types: the terminal has ended, which `exited` tells.
        if (isLast) stdin.write(piece, () => done());
        else stdin.write(piece);
      }
    },
    final(done) {
      stdin.end(() => done());
    },
  });
}

function frame(kind: "d" | "w", content: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.write(kind, 0, "latin1");
  head.writeUInt16BE(content.length, 1);
  return Buffer.concat([head, content]);
}

function windowOf(columns: number, rows: number): Buffer {
  const window = Buffer.alloc(4);
  window.writeUInt16BE(columns, 0);
  window.writeUInt16BE(rows, 2);
  return window;
}
