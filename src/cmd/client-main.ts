import { constants } from "node:os";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { runCli, type Invocation } from "../cli/run-cli.ts";

const interrupted = 130;

/** Runs this process's command line; a signal interrupts the command, so that it leaves nothing behind. */
export async function runClientMain(programs: Invocation["programs"] = {}): Promise<void> {
  const interruption = new AbortController();
  let endedBy: NodeJS.Signals = "SIGINT";
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      endedBy = signal;
      interruption.abort(new Error("Interrupted"));
    });
  }
  process.stdout.on("error", () => {
    // A reader such as `head` that has seen enough is no failure.
    process.exitCode = 0;
    interruption.abort(new Error("The output was closed"));
  });
  try {
    const exitCode = await runCli({
      words: process.argv.slice(2),
      environment: process.env,
      workingFolder: process.cwd(),
      streams: { input: process.stdin, out: process.stdout, err: process.stderr },
      clock: systemClock,
      signal: interruption.signal,
      programs,
    });
    process.exitCode ??= exitCode === interrupted ? 128 + constants.signals[endedBy] : exitCode;
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`Unexpected error: ${text}\n`);
    process.exitCode = 1;
  }
  process.stdin.destroy();
}
