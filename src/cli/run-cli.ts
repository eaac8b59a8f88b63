import type { Clock } from "#kernel/clock/clock.ts";
import { findCommand, type CommandEntry } from "./commands/command-table.ts";
import type { Command } from "./commands/command.ts";
import type { ParsedInput } from "./commands/parsed-input.ts";
import { clientHome, type Environment } from "./environment.ts";
import { Failure, InvalidCommandLine, SaidFailure, UsageFailure } from "./failure.ts";
import type { Session } from "./session.ts";
import { Ui, type UiStreams } from "./ui/ui.ts";

type Program = (session: Session, input: ParsedInput) => Promise<void>;

export interface Invocation {
  /** Without the program's name. */
  readonly words: readonly string[];
  readonly environment: Environment;
  readonly workingFolder: string;
  readonly streams: UiStreams;
  readonly clock: Clock;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** By name, commands that the program that calls does itself: the command table has their help and their flags. */
  readonly programs?: Readonly<Record<string, Program>>;
}

const interrupted = 130;

/** Runs one command line; resolves with the exit code, after everything has been said. */
export async function runCli(invocation: Invocation): Promise<number> {
  const { signal } = invocation;
  const { words, isVerbose } = withoutVerbose(invocation.words);
  const ui = createUi(invocation);
  const [name, rest] = commandOf(words, isVerbose);
  const entry = findCommand(name);
  if (entry === undefined) {
    const { didYouMean } = await import("./commands/did-you-mean.ts");
    ui.warning(`'${name}' is not a registered command. See 'rivera help -a'${didYouMean(name)}`);
    return 1;
  }
  const command = await entry.load();
  try {
    return await runCommand(invocation, ui, { entry, command, words: rest, isVerbose });
  } catch (error) {
    return signal.aborted ? interrupted : await report(ui, error, { entry, command });
  }
}

interface Chosen {
  readonly entry: CommandEntry;
  readonly command: Command;
  readonly words: readonly string[];
  readonly isVerbose: boolean;
}

async function runCommand(invocation: Invocation, ui: Ui, chosen: Chosen): Promise<number> {
  const { entry, command, words, isVerbose } = chosen;
  const { clock, environment, workingFolder, signal } = invocation;
  const { parseCommandLine } = await import("./commands/parse-command-line.ts");
  const input = parseCommandLine(entry.name, command, words);
  if (input === undefined) {
    const { showCommandHelp } = await import("./commands/help-text.ts");
    showCommandHelp(ui, entry, command);
    return 0;
  }
  const { ClientConfig } = await import("./config/client-config.ts");
  const { config: configureZod } = await import("zod");
  // To compile a schema takes longer than to use it a few times.
  configureZod({ jitless: true });
  const { Session: NewSession } = await import("./session.ts");
  const { createTrace } = await import("./ui/request-trace.ts");
  const config = await ClientConfig.load(clientHome(environment));
  const observer = createTrace({ ui, clock, environment, isVerbose });
  using session = new NewSession({
    ui,
    config,
    clock,
    environment,
    workingFolder,
    signal,
    ...(observer === undefined ? {} : { observer }),
  });
  try {
    const program = invocation.programs?.[entry.name];
    await (program === undefined ? command.run(session, input) : program(session, input));
  } finally {
    await config.save();
  }
  return 0;
}

async function report(
  ui: Ui,
  error: unknown,
  { entry, command }: { readonly entry: CommandEntry; readonly command: Command },
): Promise<number> {
  const { showCommandHelp } = await import("./commands/help-text.ts");
  if (error instanceof InvalidCommandLine) {
    ui.warning(`${error.message}\n`);
    showCommandHelp(ui, entry, command);
    return 1;
  }
  if (!(error instanceof Failure)) throw error;
  if (error instanceof SaidFailure) return error.exitCode;
  ui.failed(error.message);
  if (error.tip !== undefined) ui.text(error.tip);
  if (error instanceof UsageFailure) {
    ui.newline();
    showCommandHelp(ui, entry, command);
  }
  return error.exitCode;
}

/** `-v` may stand anywhere before a `--`; alone it asks for the version. */
function withoutVerbose(words: readonly string[]): {
  words: readonly string[];
  isVerbose: boolean;
} {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const kept = words.filter((word, index) => word !== "-v" || index > end);
  return { words: kept, isVerbose: kept.length < words.length };
}

function commandOf(
  words: readonly string[],
  isVerbose: boolean,
): [name: string, rest: readonly string[]] {
  const [first, ...rest] = words;
  if (first === undefined) return isVerbose ? ["version", []] : ["help", []];
  if (first === "--version") return ["version", []];
  if (first === "-h" || first === "--help") return ["help", rest];
  return [first, rest];
}

function createUi({ streams, environment }: Invocation): Ui {
  const { out, err } = streams;
  const isTerminal = "isTTY" in out && out.isTTY === true;
  const forced = environment["CF_COLOR"];
  const byDefault =
    isTerminal && environment["NO_COLOR"] === undefined && environment["TERM"] !== "dumb";
  const columns = "columns" in out && typeof out.columns === "number" ? out.columns : 80;
  return new Ui(streams, {
    color: forced === "true" || (forced !== "false" && byDefault),
    terminalWidth: isTerminal ? columns : undefined,
    isErrTerminal: "isTTY" in err && err.isTTY === true,
  });
}
