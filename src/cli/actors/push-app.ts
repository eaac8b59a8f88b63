import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { parseBytes } from "#kernel/size.ts";
import { getAppByName, restartApp, stopApp } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { cancelStagings } from "../api/builds.ts";
import { createDeployment } from "../api/deployments.ts";
import { createDroplet, getDroplet, setCurrentDroplet, uploadDroplet } from "../api/droplets.ts";
import { createDockerPackage } from "../api/packages.ts";
import { Failure } from "../failure.ts";
import type { PushOverrides } from "../manifest/overrides.ts";
import type { Session } from "../session.ts";
import { withProgress } from "../ui/progress-bar.ts";
import { showAppSummary } from "../ui/show-app-summary.ts";
import { showLogMessage } from "../ui/show-log.ts";
import { getAppSummary } from "./app-summary.ts";
import type { DeploymentStrategy } from "./deployment-strategy.ts";
import { completeJob } from "./job-completion.ts";
import type { PushContent, PushPlan } from "./push-plan.ts";
import { stagePackage } from "./stage-package.ts";
import {
  AllInstancesCrashed,
  waitForDeployment,
  waitForStart,
  type StartContext,
} from "./start-wait.ts";
import type { Target } from "./target-check.ts";
import { uploadApp } from "./upload-app.ts";

export interface PushSettings {
  readonly overrides: PushOverrides;
  readonly strategy: DeploymentStrategy;
  readonly noStart: boolean;
  /** A staging of the app that still runs is ended. */
  readonly replaceStaging: boolean;
}

/** Takes one app after the other through package, build, droplet and start, in the order of the official client. */
export class AppPusher {
  readonly #session: Session;
  readonly #cc: CloudController;
  readonly #target: Target;
  readonly #settings: PushSettings;

  constructor(
    session: Session,
    cc: CloudController,
    { target, settings }: { readonly target: Target; readonly settings: PushSettings },
  ) {
    this.#session = session;
    this.#cc = cc;
    this.#target = target;
    this.#settings = settings;
  }

  async push(plan: PushPlan): Promise<void> {
    try {
      await this.#bringUp(plan);
    } catch (error) {
      if (error instanceof AllInstancesCrashed) await this.#showSummary(plan);
      throw error;
    }
    await this.#showSummary(plan);
  }

  async #bringUp(plan: PushPlan): Promise<void> {
    const { noStart, overrides } = this.#settings;
    const { app, content } = plan;
    const packageGuid = content.kind === "droplet" ? "" : await this.#makePackage(plan, content);
    if (noStart && content.kind !== "droplet") {
      if (app.state === "STARTED") await this.#stop(plan);
      return;
    }
    const dropletGuid =
      content.kind === "droplet"
        ? await this.#sendDroplet(plan, content.file)
        : await this.#stage(plan, packageGuid);
    if (overrides.strategy !== undefined) {
      await this.#deploy(plan, dropletGuid, overrides.strategy);
      return;
    }
    if (overrides.task || (noStart && app.state === "STARTED")) await this.#stop(plan);
    await setCurrentDroplet(this.#cc, app.guid, dropletGuid);
    if (!overrides.task && !noStart) await this.#restart(plan);
  }

  async #makePackage(
    { app }: PushPlan,
    content: Exclude<PushContent, { kind: "droplet" }>,
  ): Promise<string> {
    if (content.kind === "bits") {
      return await uploadApp(this.#session, this.#cc, {
        appGuid: app.guid,
        source: content.source,
        matcher: content.matcher,
      });
    }
    const { image, username } = content;
    const password = username === undefined ? undefined : await this.#dockerPassword();
    const { guid } = await createDockerPackage(this.#cc, app.guid, {
      image,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    return guid;
  }

  async #dockerPassword(): Promise<string> {
    const { ui, prompts, environment } = this.#session;
    const known = environment["CF_DOCKER_PASSWORD"] ?? "";
    if (known === "") {
      ui.text("Environment variable CF_DOCKER_PASSWORD not set.");
      return await prompts.password("Docker password");
    }
    ui.text("Using docker repository password from environment variable CF_DOCKER_PASSWORD.");
    return known;
  }

  async #sendDroplet({ app }: PushPlan, file: string): Promise<string> {
    const { ui } = this.#session;
    const { size } = await stat(file).catch((error: unknown) => {
      throw new Failure(`Error creating droplet file: ${String(error)}`, { cause: error });
    });
    const { guid } = await createDroplet(this.#cc, app.guid);
    ui.text("Uploading droplet bits...");
    const content = withProgress(this.#session, {
      length: size,
      open: () => createReadStream(file),
    });
    const job = await uploadDroplet(this.#cc, guid, { filename: path.basename(file), content });
    ui.newline();
    ui.text("Waiting for API to complete processing files...");
    await completeJob(this.#cc, job, this.#session);
    return guid;
  }

  async #stage({ app }: PushPlan, packageGuid: string): Promise<string> {
    const { ui, clock, signal, environment, warn } = this.#session;
    ui.newline();
    ui.text("Staging app and tracing logs...");
    const { guid } = await getAppByName(this.#cc, app.name, this.#target.space.guid);
    if (this.#settings.replaceStaging) await cancelStagings(this.#cc, guid);
    const build = await stagePackage(
      this.#cc,
      { appGuid: guid, appName: app.name, packageGuid },
      {
        clock,
        signal,
        environment,
        warn,
        logCache: await this.#session.logCache(),
        show: (message) => showLogMessage(ui, message, { header: false }),
      },
    );
    if (build.state === "FAILED") throw new Failure(build.error ?? "Staging failed");
    return (await getDroplet(this.#cc, build.droplet?.guid ?? "")).guid;
  }

  async #stop({ app }: PushPlan): Promise<void> {
    const { ui } = this.#session;
    ui.text("Stopping Application...");
    await stopApp(this.#cc, app.guid);
    ui.text("Application Stopped");
  }

  async #restart({ app }: PushPlan): Promise<void> {
    const { ui } = this.#session;
    ui.newline();
    ui.text(ui.flavor`Waiting for app ${app.name} to start...`);
    ui.newline();
    await restartApp(this.#cc, app.guid);
    const { noWait } = this.#settings.strategy;
    const starting = { appGuid: app.guid, appName: app.name, noWait };
    await waitForStart(this.#cc, starting, this.#startContext());
  }

  async #deploy(
    { app }: PushPlan,
    dropletGuid: string,
    strategy: "rolling" | "canary",
  ): Promise<void> {
    const { ui } = this.#session;
    const { overrides } = this.#settings;
    const { steps, maxInFlight, noWait } = this.#settings.strategy;
    ui.newline();
    ui.text(ui.flavor`Starting deployment for app ${app.name}...`);
    const deployment = await createDeployment(this.#cc, {
      strategy,
      appGuid: app.guid,
      dropletGuid,
      options: {
        max_in_flight: maxInFlight,
        canary:
          steps === undefined
            ? undefined
            : { steps: steps.map((weight) => ({ instance_weight: weight })) },
        web_instances: overrides.instances ?? null,
        memory_in_mb: megabytes(overrides.memory),
        disk_in_mb: megabytes(overrides.disk),
        log_rate_limit_in_bytes_per_second: logRate(overrides.logRateLimit),
      },
    });
    ui.text("Waiting for app to deploy...");
    ui.newline();
    const starting = { appGuid: app.guid, appName: app.name, noWait };
    const context = this.#startContext();
    await waitForDeployment(this.#cc, deployment.guid, { starting, context });
  }

  async #showSummary({ app }: PushPlan): Promise<void> {
    const { ui, clock } = this.#session;
    const summary = await getAppSummary(this.#cc, {
      name: app.name,
      spaceGuid: this.#target.space.guid,
      withCommands: true,
    });
    ui.newline();
    showAppSummary(ui, summary, { now: clock.now(), withCommands: true });
  }

  /** The official client prints the state of a push's instances on stderr, that of other commands on stdout. */
  #startContext(): StartContext {
    const { clock, signal, environment, warn } = this.#session;
    return { clock, signal, environment, tell: warn };
  }
}

function megabytes(text: string | undefined): number | null {
  const bytes = text === undefined ? undefined : parseBytes(text);
  return bytes === undefined ? null : Math.floor(bytes / 1024 ** 2);
}

function logRate(text: string | undefined): number | null {
  if (text === undefined) return null;
  return text === "-1" ? -1 : (parseBytes(text) ?? null);
}
