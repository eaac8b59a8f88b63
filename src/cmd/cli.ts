import { systemClock } from "#kernel/clock/system-clock.ts";
import { runCli } from "../cli/run-cli.ts";

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort(new Error("Interrupted")));
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
  });
  process.exitCode ??= exitCode;
} catch (error) {
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`Unexpected error: ${text}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
