import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock } from "#kernel/clock/clock.ts";
import { LogFile } from "#kernel/log/log-file.ts";
import { pinoLogger } from "#kernel/log/pino-logger.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import { lockDataDir } from "./data-lock.ts";
import { appsAddress, howToLogIn } from "./platform-commands.ts";
import { platformConfig, type PlatformConfig } from "./platform-config.ts";
import { readPlatformState } from "./platform-state.ts";
import { startPlatform } from "./platform.ts";
import { sourceStacks } from "./source-stacks.ts";
import { explainStart } from "./start-failure.ts";
import { writeRiveraJson } from "./rivera-json.ts";

interface UpIo {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
}

/** `rivera up`: runs the platform in the foreground until SIGINT or SIGTERM. */
export async function up(io: UpIo, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const config = platformConfig(flags);
  try {
    return await runPlatform(io, config);
  } catch (error) {
    throw explainStart(error, config.dataDir);
  }
}

async function runPlatform(io: UpIo, config: PlatformConfig): Promise<number> {
  const startedAt = io.clock.now();
  using _lock = lockDataDir(config.dataDir);
  mkdirSync(path.join(config.dataDir, "logs"), { recursive: true });
  const logFile = path.join(config.dataDir, "logs/platform.log");
  using destination = new LogFile(logFile);
  const stackOf = sourceStacks(path.dirname(process.argv[1] ?? ""));
  const logger = pinoLogger({ level: config.settings.logLevel, destination, stackOf });

  const isFirstStart = readPlatformState(config.dataDir) === undefined;
  const asked = signalToStop();
  const ended = Promise.withResolvers<Error>();
  const platform = await startPlatform(config, {
    clock: io.clock,
    logger,
    env: io.env,
    say: (line) => io.print(line),
    stop: ended.resolve,
  });
  let why: Error | undefined;
  {
    using _ready = writeRiveraJson(config.dataDir, { ...platform.addresses, pid: process.pid });
    const seconds = (io.clock.now().getTime() - startedAt.getTime()) / 1_000;
    io.print(`API    ${platform.addresses.api}`);
    if (platform.addresses.web !== undefined) {
      io.print(`Page   ${platform.addresses.web}`);
      io.print(`       signed in at once: bin/rivera dashboard --data ${config.dataDir}`);
    }
    io.print(`Apps   ${appsAddress(config.domain, platform.addresses.router)}`);
    for (const line of howToLogIn(platform.addresses, config.dataDir, isFirstStart)) {
      io.print(line);
    }
    io.print(`Log    ${logFile}`);
    io.print(`Ready after ${seconds.toFixed(1)} s. Ctrl-C stops.`);
    await using _bundling = bundlingPrograms(logger);
    why = (await Promise.race([asked, ended.promise])) ?? undefined;
    if (why !== undefined) logger.error("platform-must-stop", { error: why });
    io.print("Stopping ...");
  }
  await platform[Symbol.asyncDispose]();
  if (why !== undefined) throw why;
  io.print("Stopped.");
  return 0;
}

/** Client and platform start in half the time from bundles; without them they start all the same. */
function bundlingPrograms(logger: Logger): AsyncDisposable {
  const over = new AbortController();
  const main = path.join(import.meta.dirname, "bundle-programs.ts");
  const done = runChecked(process.execPath, [main], { signal: over.signal }).catch(
    (error: unknown) => {
      if (!over.signal.aborted) logger.info("programs-not-bundled", { error });
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await done;
    },
  };
}

/** Resolves on the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
function signalToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => resolve());
  }
  return promise;
}
