import { requireUser } from "../actors/target-check.ts";
import { listBuildpacks } from "../api/buildpacks.ts";
import type { Command } from "./command.ts";

export const buildpacks: Command = {
  usage: `rivera buildpacks [--labels SELECTOR] [--lifecycle buildpack|cnb]`,
  examples: `rivera buildpacks
rivera buildpacks --labels 'environment in (production,staging),tier in (backend)'
rivera buildpacks --labels 'env=dev,!chargeback-code,tier in (backend,worker)'
rivera buildpacks --lifecycle cnb`,
  arguments: [],
  flags: [
    { long: "labels", takes: "value", description: "Selector to filter buildpacks by labels" },
    {
      long: "lifecycle",
      takes: "value",
      description: "Filter buildpacks by lifecycle ('buildpack' or 'cnb')",
    },
  ],
  seeAlso: ["create-buildpack", "delete-buildpack", "update-buildpack"],
  async run(session, input) {
    const { ui } = session;
    const user = requireUser(session.config);
    ui.text(ui.flavor`Getting buildpacks as ${user.name}...`);
    ui.newline();
    const found = await listBuildpacks(await session.cloudController(), {
      labels: input.value("labels"),
      lifecycle: input.value("lifecycle"),
    });
    if (found.length === 0) {
      ui.text("No buildpacks found");
      return;
    }
    ui.tableWithHeader([
      ["position", "name", "stack", "enabled", "locked", "state", "filename", "lifecycle"],
      ...found.map((buildpack) => [
        String(buildpack.position),
        buildpack.name,
        buildpack.stack ?? "",
        String(buildpack.enabled),
        String(buildpack.locked),
        buildpack.state ?? "",
        buildpack.filename ?? "",
        buildpack.lifecycle ?? "",
      ]),
    ]);
  },
};
