import type { Session } from "../session.ts";
import type { Argument, Flag } from "./flag.ts";
import type { ParsedInput } from "./parsed-input.ts";

/** One command: what help says of it, what may follow its name, and what it does. */
export interface Command {
  /** Without the program's name in front, one line or more. */
  readonly usage: string;
  /** Sections of help between usage and examples, such as a warning. */
  readonly notes?: readonly { readonly title: string; readonly text: string }[];
  readonly examples?: string;
  readonly arguments: readonly Argument[];
  /** In the order in which help lists them. */
  readonly flags: readonly Flag[];
  /** Environment variables that only some commands read. */
  readonly environment?: readonly {
    readonly name: string;
    readonly default: string;
    readonly description: string;
  }[];
  /** Help leaves out those that the client does not have. */
  readonly seeAlso: readonly string[];
  /** Whether arguments that look like flags are taken as they are (`set-env APP KEY -value`). */
  readonly takesUnknownFlags?: boolean;
  run(session: Session, input: ParsedInput): Promise<void>;
}
