import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Prompts } from "../cli/ui/prompts.ts";
import { Ui } from "../cli/ui/ui.ts";

/**
 * A new password: on a terminal asked for twice and not shown, else the first line of the input as it is.
 * @throws where the two differ, or the input has no line
 */
export async function readNewPassword(streams: {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly out: Writable;
}): Promise<string> {
  if (streams.input.isTTY !== true) {
    for await (const line of createInterface({ input: streams.input, terminal: false })) {
      return line;
    }
    throw new Error("Cannot read the new password: the input is empty");
  }
  const ui = new Ui(
    { ...streams, err: streams.out },
    { color: false, terminalWidth: undefined, isErrTerminal: true },
  );
  const prompts = new Prompts(ui);
  const password = await prompts.password("New password");
  if ((await prompts.password("Verify password")) === password) return password;
  throw new Error("Cannot change the password: the two do not match");
}
