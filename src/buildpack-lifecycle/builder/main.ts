// The builder: a program inside the staging container, /tmp/lifecycle/builder. It runs buildpacks over the app's files
// and leaves a droplet, the build artifacts cache and result.json where its flags say.
import { readBuildpackNames } from "./buildpack-names.ts";
import { CellChannel } from "./cell-channel.ts";
import { databaseUrl } from "./database-url.ts";
import { parseFlags } from "./flags.ts";
import { printError } from "./output.ts";
import { refuseCredhubReferences } from "./platform-options.ts";
import type { ScriptEnvironment } from "./run-script.ts";
import { stage } from "./stage.ts";
import { exitStatus, messageOf, StagingFailure } from "./staging-failure.ts";
import { askForSnapshots, noSnapshots, type Snapshots } from "./snapshots.ts";
import { openTrace } from "./trace.ts";

// The staging environment is this program's input, as the flags are.
// oxlint-disable-next-line node/no-process-env
const environment: ScriptEnvironment = process.env;

async function main(): Promise<number> {
  const parsed = parseFlags(process.argv.slice(2), process.cwd());
  if (parsed.kind === "usage") {
    printError(parsed.message);
    return exitStatus.general;
  }
  const channel = channelToCell();
  const trace = openTrace(channel);
  try {
    refuseCredhubReferences(environment);
    await stage(parsed.flags, {
      env: scriptEnvironment(environment),
      trace,
      nameOf: readBuildpackNames(environment["RIVERA_BUILDPACK_NAMES"]),
      snapshots: snapshotsBy(channel),
    });
    return 0;
  } catch (error) {
    printError(messageOf(error));
    trace.giveUp(error instanceof StagingFailure ? error.reason : messageOf(error));
    return error instanceof StagingFailure ? error.exitStatus : exitStatus.general;
  }
}

// What the scripts of buildpacks see: our own variables taken out, the app's NODE_OPTIONS put back (see ../container/builder).
function scriptEnvironment(env: ScriptEnvironment): ScriptEnvironment {
  const {
    RIVERA_TRACE_FD: _traceFd,
    RIVERA_TRACE_HEARD_FD: _heardFd,
    RIVERA_SNAPSHOTS: _snapshots,
    RIVERA_APP_NODE_OPTIONS: nodeOptions,
    RIVERA_BUILDPACK_NAMES: _names,
    ...visible
  } = env;
  const url = databaseUrl(env["VCAP_SERVICES"] ?? "");
  return {
    ...visible,
    ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
    ...(url === undefined ? {} : { DATABASE_URL: url }),
  };
}

function channelToCell(): CellChannel | undefined {
  const lines = descriptor(environment["RIVERA_TRACE_FD"]);
  if (lines === undefined) return undefined;
  return new CellChannel({ lines, answers: descriptor(environment["RIVERA_TRACE_HEARD_FD"]) });
}

/** Where the cell has said that it answers. */
function snapshotsBy(channel: CellChannel | undefined): Snapshots {
  const isAnswered = environment["RIVERA_SNAPSHOTS"] === "1";
  return isAnswered && channel !== undefined ? askForSnapshots(channel) : noSnapshots;
}

function descriptor(text = ""): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

// The bundle is CommonJS, which has no top-level await.
void main().then((status) => {
  process.exitCode = status;
});
