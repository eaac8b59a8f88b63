import { systemClock } from "#kernel/clock/system-clock.ts";
import { runCli } from "../cli/run-cli.ts";

const interruption = new AbortController();
process.once("SIGINT", () => {
  process.exitCode = 130;
  interruption.abort(new Error("Interrupted"));
});
// A reader such as `head` that has seen enough is no failure.
process.stdout.on("error", () => interruption.abort(new Error("The output was closed")));

const exitCode = await runCli({
  words: process.argv.slice(2),
  environment: process.env,
  workingFolder: process.cwd(),
  streams: { input: process.stdin, out: process.stdout, err: process.stderr },
  clock: systemClock,
  signal: interruption.signal,
});
process.exitCode ??= exitCode;
process.stdin.destroy();
