import { getAppSummary } from "../actors/app-summary.ts";
import { AllInstancesCrashed, waitForStart } from "../actors/start-wait.ts";
import { requireSpace, type Target } from "../actors/target-check.ts";
import { isNotFound } from "../api/api-error.ts";
import { getAppByName, startApp, stopApp, type App } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { scaleProcess, type Scale } from "../api/processes.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { showAppSummary } from "../ui/show-app-summary.ts";
import type { Command } from "./command.ts";
import { parseInstances, parseLogRate, parseMegabytes } from "./flag-values.ts";
import type { ParsedInput } from "./parsed-input.ts";
import { startupTimeout } from "./timeouts.ts";

export const scale: Command = {
  usage: `rivera scale APP_NAME [--process PROCESS] [-i INSTANCES] [-k DISK] [-m MEMORY] [-l LOG_RATE_LIMIT] [-f]

Modifying the app's disk, memory, or log rate will cause the app to restart.`,
  arguments: [{ name: "APP_NAME" }],
  flags: [
    { short: "f", long: "force", description: "Force restart of app without prompt" },
    { short: "i", long: "instances", takes: "value", description: "Number of instances" },
    { short: "k", takes: "value", description: "Disk limit (e.g. 256M, 1024M, 1G)" },
    {
      short: "l",
      takes: "value",
      description:
        "Log rate limit per second, in bytes (e.g. 128B, 4K, 1M). -l=-1 represents unlimited",
    },
    { short: "m", takes: "value", description: "Memory limit (e.g. 256M, 1024M, 1G)" },
    { long: "process", takes: "value", description: "App process to scale", default: "web" },
  ],
  environment: [startupTimeout],
  seeAlso: ["push"],
  async run(session, input) {
    const target = requireSpace(session.config);
    const wanted = readScale(input);
    const cc = await session.cloudController();
    const app = await getAppByName(cc, input.argument("APP_NAME"), target.space.guid);
    if (Object.values(wanted).every((value) => value === undefined)) {
      await showScale(session, cc, { app, target });
      return;
    }
    const type = input.value("process") ?? "web";
    const scaling = { app, target, wanted, type, isForced: input.has("force") };
    await change(session, cc, scaling);
  },
};

interface Scaling {
  readonly app: App;
  readonly target: Target;
  readonly wanted: Scale;
  readonly type: string;
  readonly isForced: boolean;
}

function readScale(input: ParsedInput): Scale {
  return {
    instances: parseInstances(input.value("instances")),
    memory_in_mb: parseMegabytes(input.value("m")),
    disk_in_mb: parseMegabytes(input.value("k")),
    log_rate_limit_in_bytes_per_second: parseLogRate(input.value("l")),
  };
}

async function change(session: Session, cc: CloudController, scaling: Scaling): Promise<void> {
  const { ui, prompts, clock, signal, environment } = session;
  const { app, target, wanted, type } = scaling;
  const { organization, space, user } = target;
  const { instances: _instances, ...sizes } = wanted;
  const needsRestart = Object.values(sizes).some((value) => value !== undefined);
  ui.text(
    ui.flavor`Scaling app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
  );
  ui.newline();
  if (needsRestart && !scaling.isForced) {
    const question = `This will cause the app to restart. Are you sure you want to scale ${app.name}?`;
    if (!(await prompts.yesNo(question))) {
      ui.text("Scaling cancelled");
      return;
    }
    ui.newline();
  }
  try {
    await scaleProcess(cc, { appGuid: app.guid, type }, wanted);
  } catch (error) {
    if (!isNotFound(error, "Process not found")) throw error;
    throw new Failure(`Process ${type} not found`, { cause: error });
  }
  if (needsRestart) await restart(session, cc, scaling);
  let crash: AllInstancesCrashed | undefined;
  if (needsRestart || app.state === "STARTED") {
    try {
      const starting = { appGuid: app.guid, appName: app.name, noWait: false };
      const tell = (line: string) => ui.text(line);
      await waitForStart(cc, starting, { clock, signal, environment, tell });
    } catch (error) {
      if (!(error instanceof AllInstancesCrashed)) throw error;
      crash = error;
    }
    ui.newline();
  }
  await showScale(session, cc, scaling);
  if (crash !== undefined) throw crash;
}

async function restart(
  { ui }: Session,
  cc: CloudController,
  { app, target }: Scaling,
): Promise<void> {
  const { organization, space, user } = target;
  ui.text(
    ui.flavor`Stopping app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
  );
  ui.newline();
  await stopApp(cc, app.guid);
  ui.text(
    ui.flavor`Starting app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
  );
  ui.newline();
  await startApp(cc, app.guid);
}

async function showScale(
  { ui, clock }: Session,
  cc: CloudController,
  { app: { name }, target }: Pick<Scaling, "app" | "target">,
): Promise<void> {
  const { organization, space, user } = target;
  ui.text(
    ui.flavor`Showing current scale of app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
  );
  ui.newline();
  const summary = await getAppSummary(cc, { name, spaceGuid: space.guid, withCommands: false });
  showAppSummary(ui, summary, { now: clock.now(), withCommands: false });
}
