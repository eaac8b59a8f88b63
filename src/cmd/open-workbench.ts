import { mkdirSync } from "node:fs";
import path from "node:path";
import { bundleLifecycle } from "#buildpack-lifecycle/bundle.ts";
import type { ParsedInput } from "#cli/commands/parsed-input.ts";
import { platformDataFolder } from "#cli/environment.ts";
import { Failure, InvalidCommandLine } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { NoContainerRuntime } from "#diego/cell/runtime/no-container-runtime.ts";
import { LogFile } from "#kernel/log/log-file.ts";
import { pinoLogger } from "#kernel/log/pino-logger.ts";
import { openWorkbench, type Workbench } from "#workbench/workbench.ts";
import { cellRuntimes } from "./cells.ts";
import { tryLockFolder } from "./data-lock.ts";
import { detectHostSettings, stagingEnvironment } from "./host-settings.ts";
import { cellCapacity } from "./platform-config.ts";
import { installation, platformPaths } from "./platform-paths.ts";
import { explainStart } from "./start-failure.ts";

/** As many as may be open at once on a data folder. */
const slotsMax = 8;
const containersMax = 4;
/** The platform's cells prefer the first ranges of addresses. */
const lastCellIndex = 15;

export const shippedDirectory: string = path.join(installation, "buildpacks");

const runtimes = ["auto", "crun", "runc", "process"] as const;

/** A workbench on the data folder that the command names, beside a platform that may run on it. */
export async function openWorkbenchFor(session: Session, input: ParsedInput): Promise<Workbench> {
  const runtime = runtimes.find((name) => name === (input.value("runtime") ?? "auto"));
  if (runtime === undefined) {
    throw new InvalidCommandLine(`RUNTIME must be one of ${runtimes.join(", ")}`);
  }
  const given = input.value("data");
  const dataDir =
    given === undefined
      ? path.resolve(platformDataFolder(session.environment))
      : path.resolve(session.workingFolder, given);
  try {
    return await open(session, { dataDir, runtime });
  } catch (error) {
    const explained = explainStart(error, dataDir);
    if (error instanceof NoContainerRuntime || explained !== error) {
      const text = explained instanceof Error ? explained.message : String(explained);
      throw new Failure(text, { cause: error });
    }
    throw error;
  }
}

async function open(
  { clock, environment }: Session,
  options: {
    readonly dataDir: string;
    readonly runtime: (typeof runtimes)[number];
  },
): Promise<Workbench> {
  const { dataDir, runtime } = options;
  await using opening = new AsyncDisposableStack();
  const paths = platformPaths(dataDir);
  const shared = path.join(dataDir, "workbench");
  mkdirSync(shared, { recursive: true, mode: 0o711 });
  const slot = takeSlot(shared);
  opening.use(slot.lock);
  const destination = opening.use(new LogFile(path.join(slot.directory, "workbench.log")));
  const logger = pinoLogger({ level: "info", destination });
  const host = detectHostSettings(environment);
  const openRuntime = cellRuntimes({
    runtime,
    paths,
    host,
    nodeModules: path.join(installation, "node_modules"),
    dependencies: { clock, logger },
  });
  const opened = opening.use(
    await openRuntime({
      dataDir: path.join(slot.directory, "cell"),
      cellIndex: lastCellIndex - slot.index,
      containersMax,
    }),
  );
  const workbench = opening.use(
    await openWorkbench(
      {
        directory: slot.directory,
        sharedDirectory: shared,
        capacity: { ...cellCapacity({ cells: 1, dataDir }), containers: containersMax },
        lifecycleBundle: await bundleLifecycle({ cacheDir: path.join(paths.cache, "lifecycle") }),
        lang: host.lang,
        stagingEnvironment: stagingEnvironment(host),
      },
      { clock, logger, runtime: opened },
    ),
  );
  const running = opening.move();
  return { ...workbench, [Symbol.asyncDispose]: async () => await running.disposeAsync() };
}

/** The first that nobody has open: what the last one unpacked in there is used again. */
function takeSlot(shared: string): {
  readonly index: number;
  readonly directory: string;
  readonly lock: Disposable;
} {
  for (let index = 0; index < slotsMax; index += 1) {
    const directory = path.join(shared, `slot-${index + 1}`);
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const taken = tryLockFolder(directory);
    if ("lock" in taken) return { index, directory, lock: taken.lock };
  }
  throw new Failure(
    `${slotsMax} stagings and apps run in '${shared}' already. Wait for one, or give another folder with --data`,
  );
}
