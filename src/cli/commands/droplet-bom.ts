import { writeFile } from "node:fs/promises";
import path from "node:path";
import { formatBytes } from "#kernel/size.ts";
import { openDroplet } from "../actors/open-droplet.ts";
import { cycloneDxBom } from "../droplets/cyclone-dx.ts";
import { totalBytes, type DropletContents } from "../droplets/droplet-contents.ts";
import { Failure } from "../failure.ts";
import { safeJson, safeText } from "../ui/safe-text.ts";
import type { Ui } from "../ui/ui.ts";
import { clientVersion } from "../version.ts";
import type { Command } from "./command.ts";

export const dropletBom: Command = {
  usage: `rivera droplet-bom APP_NAME [--files] [--output FILE]
   rivera droplet-bom DROPLET_GUID [--files] [--output FILE]
   rivera droplet-bom DROPLET_FILE [--files] [--output FILE]`,
  notes: [
    {
      title: "EXPLANATION",
      text: `Writes the bill of materials of a droplet as CycloneDX 1.6 in JSON: its buildpacks and the packages of npm, yarn, pnpm, pip,
Bundler, Composer, Maven and Go, each with its package URL, its version and the files that tell of it.
Of an ecosystem of which packages are installed in the droplet, those count; else its lock files do, without development.
A file is what has a slash in its name or ends in .tgz, .tar.gz or .tar.`,
    },
  ],
  examples: `rivera droplet-bom my-app > bom.json
rivera droplet-bom my-app --files --output bom.json
rivera droplet-bom ./droplet.tgz`,
  arguments: [{ name: "APP_DROPLET_OR_FILE" }],
  flags: [
    { long: "files", description: "List each file as a component too, with its size and SHA-256" },
    {
      long: "output",
      takes: "value",
      description: "Write the document to FILE and show how much it holds",
    },
  ],
  seeAlso: ["droplet-diff", "build-log", "why-detected"],
  async run(session, input) {
    const { ui } = session;
    const { subject, contents } = await openDroplet(session, input.argument("APP_DROPLET_OR_FILE"));
    const bom = cycloneDxBom(contents, {
      subject,
      generator: { name: "rivera", version: clientVersion },
      now: session.clock.now(),
      withFiles: input.has("files"),
    });
    for (const warning of contents.warnings) ui.warning(`Warning: ${safeText(warning)}`);
    const text = safeJson(bom);
    const output = input.value("output");
    if (output === undefined) {
      ui.text(text);
      return;
    }
    await writeFile(path.resolve(session.workingFolder, output), `${text}\n`).catch(
      (error: unknown) => {
        throw new Failure(`Cannot write '${output}': ${String(error)}`, { cause: error });
      },
    );
    showContents(ui, contents);
  },
};

function showContents(ui: Ui, { buildpacks, packages, files }: DropletContents): void {
  const counts = new Map<string, number>();
  for (const { ecosystem } of packages) counts.set(ecosystem, (counts.get(ecosystem) ?? 0) + 1);
  const buildpackText = buildpacks.map(({ name, version = "" }) =>
    safeText(`${name} ${version}`.trim()),
  );
  ui.keyValues([
    ["buildpacks:", buildpackText.join(", ")],
    ["packages:", [...counts].map(([ecosystem, count]) => `${count} ${ecosystem}`).join(", ")],
    ["files:", `${files.size} (${formatBytes(totalBytes(files.values()))})`],
  ]);
}
