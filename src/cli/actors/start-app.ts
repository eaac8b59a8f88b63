import { AppNotFound, findApps, startApp, stopApp, type App } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { createDeployment } from "../api/deployments.ts";
import { isStaged, setCurrentDroplet } from "../api/droplets.ts";
import { findPackageOfApp, newestPackage } from "../api/packages.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { showAppSummary } from "../ui/show-app-summary.ts";
import { showLogMessage } from "../ui/show-log.ts";
import { getAppSummary } from "./app-summary.ts";
import type { DeploymentStrategy } from "./deployment-strategy.ts";
import { dropletOf, stagePackage } from "./stage-package.ts";
import { waitForDeployment, waitForStart, type StartContext } from "./start-wait.ts";
import type { Target } from "./target-check.ts";

export interface StartOptions extends DeploymentStrategy {
  readonly action: "Starting" | "Restarting";
}

/** What start, restart and restage have in common: staging, then running, each with its words. */
export class AppStarter {
  readonly #session: Session;
  readonly #cc: CloudController;
  readonly #target: Target;

  constructor(session: Session, cc: CloudController, target: Target) {
    this.#session = session;
    this.#cc = cc;
    this.#target = target;
  }

  /** The newest package of the app, if it has no droplet yet. */
  async unstagedPackage(appGuid: string): Promise<string | undefined> {
    const newest = await newestPackage(this.#cc, appGuid);
    if (newest === undefined) return undefined;
    return (await isStaged(this.#cc, newest.guid)) ? undefined : newest.guid;
  }

  async stageAndStart(app: App, packageGuid: string, options: StartOptions): Promise<void> {
    const dropletGuid = await this.#stage(app, packageGuid);
    this.#session.ui.newline();
    await this.start(app, dropletGuid, options);
  }

  /** Runs the app with the droplet, or with the one that it has. */
  async start(app: App, dropletGuid: string | undefined, options: StartOptions): Promise<void> {
    const { ui } = this.#session;
    if (options.strategy === undefined) {
      const isRunning = !(await this.#startInPlace(app, dropletGuid, options));
      if (isRunning) return;
    } else {
      await this.#deploy(app, dropletGuid, { ...options, strategy: options.strategy });
      if (options.noWait && options.strategy !== "canary") {
        ui.text("First instance restaged correctly, restaging remaining in the background");
        return;
      }
    }
    const spaceGuid = this.#target.space.guid;
    const summary = await getAppSummary(this.#cc, {
      name: app.name,
      spaceGuid,
      withCommands: false,
    });
    showAppSummary(ui, summary, { now: this.#session.clock.now(), withCommands: false });
  }

  async #stage(app: App, packageGuid: string): Promise<string> {
    const { ui, clock, signal, environment, warn } = this.#session;
    ui.text("Staging app and tracing logs...");
    const [found] = await findApps(this.#cc, [app.name], this.#target.space.guid);
    if (found === undefined) throw new AppNotFound(app.name);
    if ((await findPackageOfApp(this.#cc, packageGuid, found.guid)) === undefined) {
      throw new Failure(`Package with guid '${packageGuid}' not found in app '${app.name}'.`);
    }
    const build = await stagePackage(
      this.#cc,
      { appGuid: found.guid, appName: app.name, packageGuid },
      {
        clock,
        signal,
        environment,
        warn,
        logCache: await this.#session.logCache(),
        show: (message) => showLogMessage(ui, message, { header: false }),
      },
    );
    return dropletOf(build);
  }

  /** Stops what runs and starts it anew; false where it runs already and need not be touched. */
  async #startInPlace(
    app: App,
    dropletGuid: string | undefined,
    options: StartOptions,
  ): Promise<boolean> {
    const { ui } = this.#session;
    this.#announce(app, options.action);
    ui.newline();
    if (app.state === "STARTED") {
      if (options.action === "Starting") {
        ui.text(`App '${app.name}' is already started.`);
        ui.ok();
        return false;
      }
      ui.text("Stopping app...");
      ui.newline();
      await stopApp(this.#cc, app.guid);
    }
    if (dropletGuid !== undefined) await setCurrentDroplet(this.#cc, app.guid, dropletGuid);
    ui.text("Waiting for app to start...");
    ui.newline();
    await startApp(this.#cc, app.guid);
    const starting = { appGuid: app.guid, appName: app.name, noWait: options.noWait };
    await waitForStart(this.#cc, starting, this.#startContext());
    ui.newline();
    return true;
  }

  async #deploy(
    app: App,
    dropletGuid: string | undefined,
    options: StartOptions & { readonly strategy: "rolling" | "canary" },
  ): Promise<void> {
    const { ui } = this.#session;
    ui.text(`Creating deployment for app ${app.name}...\n`);
    const deployment = await createDeployment(this.#cc, {
      strategy: options.strategy,
      appGuid: app.guid,
      dropletGuid,
      options: {
        max_in_flight: options.maxInFlight,
        canary:
          options.steps === undefined
            ? undefined
            : { steps: options.steps.map((weight) => ({ instance_weight: weight })) },
        web_instances: null,
        memory_in_mb: null,
        disk_in_mb: null,
        log_rate_limit_in_bytes_per_second: null,
      },
    });
    ui.text("Waiting for app to deploy...\n");
    const starting = { appGuid: app.guid, appName: app.name, noWait: options.noWait };
    await waitForDeployment(this.#cc, deployment.guid, { starting, context: this.#startContext() });
    ui.newline();
  }

  #announce({ name }: App, action: StartOptions["action"]): void {
    const { ui } = this.#session;
    const { organization, space, user } = this.#target;
    if (action === "Starting") {
      ui.text(
        ui.flavor`Starting app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
    } else {
      ui.text(
        ui.flavor`Restarting app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
    }
  }

  #startContext(): StartContext {
    const { clock, signal, environment, ui } = this.#session;
    return { clock, signal, environment, tell: (line) => ui.text(line) };
  }
}
