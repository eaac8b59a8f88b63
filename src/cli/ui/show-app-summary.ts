import { parseInstant } from "#kernel/clock/clock.ts";
import { formatBytes } from "#kernel/size.ts";
import type { AppSummary, ProcessSummary } from "../actors/app-summary.ts";
import type { Deployment } from "../api/deployments.ts";
import type { Instance } from "../api/processes.ts";
import { friendlyTime, instantText } from "./time-text.ts";
import type { Ui } from "./ui.ts";

export interface ShowOptions {
  readonly now: Date;
  /** `push` shows start commands, `app` does not. */
  readonly withCommands: boolean;
}

export function showAppSummary(ui: Ui, summary: AppSummary, options: ShowOptions): void {
  const { app, droplet, routes } = summary;
  const isDocker = app.lifecycle?.type === "docker";
  const segment = summary.processes.at(0)?.instances.at(0)?.isolation_segment ?? "";
  ui.keyValues([
    ["name:", app.name],
    ["requested state:", app.state.toLowerCase()],
    ...(segment === "" ? [] : [["isolation segment:", segment] as const]),
    ["routes:", routes.map(({ url }) => url).join(", ")],
    ["last uploaded:", timeText(droplet?.created_at)],
    ["stack:", droplet?.stack ?? ""],
    isDocker ? ["docker image:", droplet?.image ?? ""] : ["buildpacks:", ""],
  ]);
  const buildpacks = droplet?.buildpacks ?? [];
  if (!isDocker && buildpacks.length > 0) {
    const rows = buildpacks.map((buildpack) => [
      buildpack.name ?? "",
      buildpack.version ?? "",
      buildpack.detect_output ?? "",
      buildpack.buildpack_name ?? "",
    ]);
    const header = ["name", "version", "detect output", "buildpack name"];
    ui.tableWithHeader([header, ...rows], { prefix: "\t" });
  }
  for (const process of summary.processes) showProcess(ui, process, options);
  const { deployment } = summary;
  if (deployment?.status.value === "ACTIVE") showDeployment(ui, app.name, deployment);
}

function showProcess(ui: Ui, summary: ProcessSummary, options: ShowOptions): void {
  const { process, sidecars, instances } = summary;
  const running = instances.filter(({ state }) => state === "RUNNING").length;
  const command = process.command ?? "";
  ui.newline();
  ui.keyValues([
    ["type:", process.type],
    ["sidecars:", sidecars.map(({ name }) => name).join(", ")],
    ["instances:", `${running}/${instances.length}`],
    ["memory usage:", `${process.memory_in_mb}M`],
    ...(options.withCommands && command !== "" ? [["start command:", command] as const] : []),
  ]);
  if (instances.length === 0) {
    ui.text("There are no running instances of this process.");
    return;
  }
  const header = [
    "",
    "state",
    "since",
    "cpu entitlement",
    "memory",
    "disk",
    "logging",
    "details",
    "ready",
  ];
  const rows = instances.map((instance) => instanceCells(ui, instance, options.now));
  ui.tableWithHeader([header, ...rows]);
}

function instanceCells(ui: Ui, instance: Instance, now: Date): string[] {
  const { index, usage, routable } = instance;
  const state = instance.state.toLowerCase();
  const isBad = state === "down" || state === "crashed";
  const entitlement = usage?.cpu_entitlement;
  return [
    `#${index}`,
    isBad ? ui.style(state, "redBold") : state,
    since(instance, now),
    entitlement === undefined || entitlement === null ? "" : percent(entitlement),
    `${byteText(usage?.mem)} of ${byteText(instance.mem_quota)}`,
    `${byteText(usage?.disk)} of ${byteText(instance.disk_quota)}`,
    `${byteText(usage?.log_rate)}/s of ${logLimit(instance.log_rate_limit)}`,
    instance.details ?? "",
    routable === undefined || routable === null ? "-" : String(routable),
  ];
}

function since({ uptime }: Instance, now: Date): string {
  const start = parseInstant(instantText(now));
  if (start === undefined) return "";
  start.setSeconds(start.getSeconds() - (uptime ?? 0));
  return instantText(start);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** The official client writes no bytes as `0B`. */
function byteText(bytes: number | null | undefined): string {
  return (bytes ?? 0) === 0 ? "0B" : formatBytes(bytes ?? 0);
}

function logLimit(bytes: number | null | undefined): string {
  return bytes === -1 ? "unlimited" : `${byteText(bytes)}/s`;
}

function timeText(instant: string | null | undefined): string {
  const date = parseInstant(instant ?? "");
  return date === undefined ? "" : friendlyTime(date);
}

function showDeployment(ui: Ui, appName: string, deployment: Deployment): void {
  const { status, strategy, options } = deployment;
  const changed = timeText(status.details?.last_status_change);
  const steps = status.canary?.steps;
  const maxInFlight = options?.max_in_flight ?? 0;
  ui.newline();
  ui.text(
    changed === ""
      ? `Active deployment with status ${status.reason ?? ""}.`
      : `Active deployment with status ${status.reason ?? ""} (since ${changed})`,
  );
  ui.keyValues([
    ["strategy:", (strategy ?? "").toLowerCase()],
    ...(maxInFlight > 0 ? [["max-in-flight:", String(maxInFlight)] as const] : []),
    ...(steps && steps.total > 0
      ? [["canary-steps:", `${steps.current}/${steps.total}`] as const]
      : []),
  ]);
  if (strategy === "canary" && status.reason === "PAUSED") {
    ui.newline();
    ui.text(
      `Please run \`cf continue-deployment ${appName}\` to promote the canary deployment, or \`cf cancel-deployment ${appName}\` to rollback to the previous version.`,
    );
  }
}
