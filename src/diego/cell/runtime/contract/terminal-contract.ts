import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { ContainerRuntime, ContainerTerminal, TerminalSpec } from "../container-runtime.ts";
import { createContainer, shell } from "./contract-container.ts";

export function terminalTests(open: () => Promise<ContainerRuntime>): void {
  void test("a terminal is one to its program, with window, folder, environment, and gives its exit status", async () => {
    const container = await createContainer(await open());
    const script = 'test -t 0 && test -t 2 && stty size; pwd; echo "$WHO"; echo last; exit 7';

    const terminal = container.openTerminal(bash(script, { dir: "/var/tmp" }));

    assert.equal(await text(terminal.output), "43 121\r\n/var/tmp\r\nme\r\nlast\r\n");
    assert.equal(await terminal.exited, 7);
  });

  void test("Ctrl-C is heard through a flood that nobody reads, and a resized window is told", async () => {
    const container = await createContainer(await open());
    const script =
      "trap 'stty size; exit 3' WINCH; trap : INT; yes; echo after; while :; do read -r -t 1; done";
    const terminal = container.openTerminal(bash(script));
    await shownUntil(terminal, "y\r\ny\r\n");

    terminal.input.write("\u0003");
    await shownUntil(terminal, "after\r\n");
    terminal.resize(99, 22);

    assert.equal(await text(terminal.output), "22 99\r\n");
    assert.equal(await terminal.exited, 3);
  });

  void test("a terminal that is closed hangs up, and one in a folder that is gone stands at the root", async () => {
    const container = await createContainer(await open());
    const script =
      "trap 'echo hung up >/tmp/farewell; exit' HUP; pwd; echo ready; while :; do read -r -t 1; done";
    const terminal = container.openTerminal(bash(script, { dir: "/no/such/folder" }));
    assert.equal(
      await shownUntil(terminal, "ready\r\n"),
      "Cannot enter /no/such/folder: No such file or directory\r\n/\r\nready\r\n",
    );

    terminal.close();

    assert.equal(await terminal.exited, 137);
    terminal.output.destroy();
    const wait =
      "for n in $(seq 500); do test -s /tmp/farewell && exit 0; sleep 0.02; done; exit 1";
    const waiting = await container.run(shell(wait));
    for (const output of [waiting.stdout, waiting.stderr]) output.resume();
    assert.equal((await waiting.exited).status, 0);
  });
}

function bash(script: string, changed: Partial<TerminalSpec> = {}): TerminalSpec {
  return {
    path: "/bin/bash",
    args: ["-c", script],
    env: [
      { name: "PATH", value: "/usr/bin:/bin" },
      { name: "WHO", value: "me" },
    ],
    dir: "/",
    user: "vcap",
    columns: 121,
    rows: 43,
    ...changed,
  };
}

/** Reads until that has been shown, and no further. */
async function shownUntil({ output }: ContainerTerminal, mark: string): Promise<string> {
  let shown = "";
  while (!shown.includes(mark)) {
    const chunk: Buffer | null = output.read();
    if (chunk === null) await once(output, "readable");
    else shown += chunk.toString();
  }
  return shown;
}
