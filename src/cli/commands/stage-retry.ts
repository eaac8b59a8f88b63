import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findBuildGuid } from "../actors/find-build.ts";
import { dropletOf, followStaging } from "../actors/stage-package.ts";
import { zipOf } from "../actors/zip-folder.ts";
import { listAppsByGuid, type App } from "../api/apps.ts";
import { appOfBuild, retryBuild } from "../api/build-retry.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { setCurrentDroplet } from "../api/droplets.ts";
import { hashCacheFolder } from "../environment.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { showLogMessage } from "../ui/show-log.ts";
import type { Command } from "./command.ts";
import type { ParsedInput } from "./parsed-input.ts";
import { stagingTimeout } from "./timeouts.ts";

/** As for `rivera stage -b`: its manifest belongs to a buildpack, unlike to an app. */
const notOfBuildpacks = [".git", ".DS_Store"];

export const stageRetry: Command = {
  usage: `rivera stage-retry BUILD [--from SCRIPT] [--buildpack DIR] [--files DIR] [--keep]
   rivera stage-retry APP_NAME [--from SCRIPT] [--buildpack DIR] [--files DIR] [--keep]

Goes on with a staging that has failed at one of its scripts, in a new build of the same package: what the scripts before it left
in app, dependencies and build cache is there, what it left itself is not. SCRIPT is supply:0, supply:1, finalize:1 and so on, by
phase and number of the buildpack; without it the script that failed. What is needed for that is kept with the container of the
failed staging (15 minutes where the operator has set nothing else) and gives way to other work and other failed stagings.`,
  examples: `rivera stage-retry my-app --buildpack ./my-buildpack
rivera stage-retry my-app --from supply:0 --files ./mended --keep`,
  arguments: [{ name: "BUILD_OR_APP" }],
  flags: [
    {
      long: "buildpack",
      short: "b",
      takes: "value",
      description: "Folder or zip in place of the buildpack of that script",
    },
    {
      long: "files",
      takes: "value",
      description: "Folder or zip whose files are laid over those of the app",
    },
    { long: "from", takes: "value", description: "Script to go on from" },
    { long: "keep", description: "Make the droplet the app's: what its next start runs" },
  ],
  environment: [stagingTimeout],
  seeAlso: ["build-log", "push", "stage", "stage-shell"],
  async run(session, input) {
    const { ui } = session;
    const cc = await session.cloudController();
    const guid = await findBuildGuid(session, cc, input.argument("BUILD_OR_APP"));
    const [app] = await listAppsByGuid(cc, [await appOfBuild(cc, guid)]);
    if (app === undefined) throw new Failure(`Build '${guid}' not found.`);
    const dropletGuid = await retry(session, cc, { guid, app, input });
    ui.newline();
    ui.text(`Droplet ${dropletGuid} has been staged.`);
    if (!input.has("keep")) {
      ui.text(`TIP: With '--keep' it becomes the droplet of app ${app.name}.`);
      return;
    }
    await setCurrentDroplet(cc, app.guid, dropletGuid);
    ui.text(ui.flavor`It is the droplet of app ${app.name} now.`);
    ui.text(`TIP: Use 'rivera restart ${app.name}' to run it.`);
  },
};

/** The droplet's guid. */
async function retry(
  session: Session,
  cc: CloudController,
  { guid, app, input }: { readonly guid: string; readonly app: App; readonly input: ParsedInput },
): Promise<string> {
  const { ui, clock, signal, environment, warn } = session;
  const folder = await mkdtemp(path.join(tmpdir(), "rivera-retry-"));
  try {
    const zip = async (flag: "buildpack" | "files") => {
      const source = input.value(flag);
      if (source === undefined) return undefined;
      return await zipOf(source, path.join(folder, `${flag}.zip`), {
        signal,
        clock,
        cacheFolder: hashCacheFolder(environment),
        ...(flag === "buildpack" ? { ignoring: notOfBuildpacks } : {}),
      });
    };
    const changes = {
      from: input.value("from"),
      buildpack: await zip("buildpack"),
      files: await zip("files"),
    };
    const begin = async () => {
      const build = await retryBuild(cc, guid, changes);
      const { retry_from: from } = build.metadata.annotations;
      ui.text(ui.flavor`Staging app ${app.name} from ${from} on, in build ${build.guid}...`);
      return build;
    };
    const build = await followStaging(
      cc,
      { appGuid: app.guid, appName: app.name, begin },
      {
        clock,
        signal,
        environment,
        warn,
        logCache: await session.logCache(),
        show: (message) => showLogMessage(ui, message, { header: false }),
      },
    );
    return dropletOf(build);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
