import { systemClock } from "#kernel/clock/system-clock.ts";
import { runCli } from "../cli/run-cli.ts";
import { runCommand } from "./run-command.ts";
import { stageCommand } from "./stage-command.ts";

// `rivera stage` and `rivera run`: what runs containers on this machine without a platform.

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interruption.abort(new Error("Interrupted")));
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
    programs: { stage: stageCommand, run: runCommand },
  });
  process.exitCode ??= exitCode;
} catch (error) {
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`Unexpected error: ${text}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
