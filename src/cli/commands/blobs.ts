import { formatBytes } from "#kernel/size.ts";
import { requireUser } from "../actors/target-check.ts";
import { checkedKinds, checkBlobs, type BlobReport } from "../api/blob-upkeep.ts";
import { Failure, SaidFailure, UsageFailure } from "../failure.ts";
import type { Ui } from "../ui/ui.ts";
import type { Command } from "./command.ts";

export const blobs: Command = {
  usage: `rivera blobs verify [--content] [--json]
   rivera blobs gc [--grace SECONDS] [--json]

verify tells which packages, droplets, buildpacks and packs of matched files have lost their blob, and which blobs nobody names; it
changes nothing and fails where a blob is missing or corrupt. gc removes the blobs that nobody names.`,
  examples: `rivera blobs verify --content
rivera blobs gc --grace 86400`,
  arguments: [{ name: "ACTION" }],
  flags: [
    { long: "content", description: "Read every blob and compare its checksum" },
    {
      long: "grace",
      takes: "value",
      description: "Seconds for which a blob may be without a name: uploads store before they name",
      default: "3600",
    },
    { long: "json", description: "Print the report as JSON" },
  ],
  seeAlso: ["curl", "status"],
  async run(session, input) {
    const { ui } = session;
    requireUser(session.config);
    const action = input.argument("ACTION");
    if (action !== "verify" && action !== "gc") {
      throw new UsageFailure(`unknown action '${action}': give verify or gc`);
    }
    const grace = input.value("grace") ?? "3600";
    if (!/^\d{1,8}$/.test(grace)) throw new UsageFailure("--grace takes seconds");
    const report = await checkBlobs(await session.cloudController(), {
      kinds: action === "verify" ? checkedKinds : [],
      content: input.has("content"),
      graceSeconds: Number(grace),
      remove: action === "gc",
    });
    if (input.has("json")) ui.text(JSON.stringify(report, null, 2));
    else show(ui, report);
    if (report.faults.length === 0) return;
    const message = `${report.faults.length} blobs are missing or corrupt`;
    throw input.has("json") ? new SaidFailure(message) : new Failure(message);
  },
};

function show(ui: Ui, report: BlobReport): void {
  for (const { kind, count } of report.rows) ui.text(`${count} ${kind} checked`);
  if (report.faults.length > 0) {
    ui.newline();
    ui.tableWithHeader([
      ["fault", "kind", "guid"],
      ...report.faults.map(({ fault, kind, guid }) => [fault, kind, guid]),
    ]);
    ui.newline();
    ui.text(
      "A package is made good by another push, a droplet by a restage, a buildpack by an upload; a pack is given up by the first push that reads it, and the next one brings its files.",
    );
  }
  const count = report.orphans.length;
  const bytes = report.orphans.reduce((sum, { size }) => sum + size, 0);
  const orphans = `${count} ${count === 1 ? "blob" : "blobs"} (${formatBytes(bytes)}) that nobody names`;
  const found = count === 0 ? "all are in use" : `${orphans}${report.removed ? ", removed" : ""}`;
  ui.text(`${report.blobs} blobs checked: ${found}`);
  for (const { bucket, path } of report.orphans) ui.text(`  ${bucket}/${path}`);
}
