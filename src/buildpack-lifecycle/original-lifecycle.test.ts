// Our builder and launcher beside the original's (buildpackapplifecycle), over the same apps and buildpacks: the scripts must
// see the same, and the droplets be the same. ORIGINAL_LIFECYCLE names a folder with the original's two programs.
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { scenarios, type Scenario } from "./builder/staging-scenarios.ts";
import { StagingFolder } from "./staging-folder.ts";

// oxlint-disable-next-line node/no-process-env -- where the original lies is only for who runs the tests to say
const originals = process.env["ORIGINAL_LIFECYCLE"];
const skip = originals === undefined ? "ORIGINAL_LIFECYCLE is not set" : false;

/** What buildpacks, Cloud Controller and the launcher see of a staging. */
interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly lastComplaint: string | undefined;
  readonly result: unknown;
  readonly droplet: readonly string[];
  readonly cache: readonly string[];
  readonly stagingInfo: unknown;
}

for (const scenario of scenarios) {
  test(`the original builder agrees: ${scenario.name}`, { skip }, async () => {
    await using folder = await StagingFolder.create();
    await prepare(folder, scenario);

    const ours = await outcome(folder, scenario);
    const theirs = await outcome(folder, scenario, path.join(originals ?? "", "builder"));

    assert.deepEqual(ours, theirs);
  });
}

for (const [maker, starter] of [
  ["ours", "theirs"],
  ["theirs", "ours"],
] as const) {
  test(
    `a droplet of the builder of ${maker} starts with the launcher of ${starter}`,
    { skip },
    async () => {
      await using folder = await StagingFolder.create();
      const scenario = scenarios[0];
      assert.ok(scenario !== undefined);
      await prepare(folder, scenario);
      const program = (whose: "ours" | "theirs", name: string): string =>
        path.join(whose === "ours" ? folder.lifecycle : (originals ?? ""), name);

      const { status } = await folder.stage({ ...scenario, builder: program(maker, "builder") });
      const home = await folder.unpackDroplet();
      const command =
        'env | grep -v "^_=\\|^SHLVL=\\|^GOMAXPROCS=" | sort; pwd; ls -A . .. ../deps/0';
      const env = { PORT: "8080", VCAP_APPLICATION: "{}", VCAP_PLATFORM_OPTIONS: "{}" };
      const started = await folder.launch(home, command, env, program(starter, "launcher"));
      const itsOwn = await folder.launch(home, command, env, program(maker, "launcher"));

      assert.deepEqual([status, started.status, started.stderr], [0, 0, ""]);
      // The cell has put instance and port into VCAP_APPLICATION before our launcher starts; the original's does it itself.
      const withoutApplication = (text: string): string =>
        text.replace(/^VCAP_APPLICATION=.*\n/m, "");
      assert.equal(withoutApplication(started.stdout), withoutApplication(itsOwn.stdout));
      assert.match(started.stdout, /^FROM_PROFILE=1$/m);
      const bare = await folder.launch(home, "", {}, program(starter, "launcher"));
      assert.match(bare.stdout, /\nInvoking start command\.\nrun one\n$/);
    },
  );
}

async function prepare(folder: StagingFolder, scenario: Scenario): Promise<void> {
  for (const [key, files] of Object.entries(scenario.buildpacks)) {
    await folder.buildpack(key, files);
  }
}

async function outcome(
  folder: StagingFolder,
  scenario: Scenario,
  builder?: string,
): Promise<Outcome> {
  for (const name of ["cache", "droplet", "output-cache"]) {
    await rm(folder.path(name), { recursive: true, force: true });
  }
  await folder.app(scenario.app);
  const staged = await folder.stage({ ...scenario, ...(builder === undefined ? {} : { builder }) });
  const droplet = await listing(folder, "droplet");
  const home = droplet.length === 0 ? undefined : await folder.unpackDroplet();
  return {
    status: staged.status,
    stdout: withoutRandom(staged.stdout),
    lastComplaint: withoutRandom(staged.stderr).trimEnd().split("\n").at(-1),
    result: sortedProcesses(staged.result),
    droplet,
    cache: await listing(folder, "output-cache"),
    stagingInfo:
      home === undefined
        ? undefined
        : JSON.parse(await readFile(path.join(home, "staging_info.yml"), "utf8")),
  };
}

/** Modes, names and targets of links; sizes of files too, but of the one whose JSON is compared by itself. */
async function listing(
  folder: StagingFolder,
  archive: "droplet" | "output-cache",
): Promise<string[]> {
  const { stdout } = await folder.run("tar", ["-tvzf", folder.path(archive)]);
  return (
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [mode, owner, size, , , ...name] = line.split(/ +/);
        const shown = name.join(" ");
        return shown === "./staging_info.yml"
          ? `${mode} ${owner} ${shown}`
          : `${mode} ${owner} ${size} ${shown}`;
      })
      // The root of the droplet is ours by intent: others of the container may look into it.
      .filter((line) => !line.endsWith(" ./"))
      .toSorted()
  );
}

// The original goes through maps in Go's random order.
function sortedProcesses(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("processes" in result)) return result;
  const { processes } = result;
  assert.ok(Array.isArray(processes));
  const text = (value: unknown): string => JSON.stringify(value);
  return {
    ...result,
    processes: processes.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)),
  };
}

function withoutRandom(text: string): string {
  return (
    text
      .replace(/contents[A-Za-z0-9]+/g, "contents")
      // Each parser of YAML has words of its own.
      .replace(/(release output invalid: |launch\.yml: )[^]*/, "$1")
      // We say more.
      .replace(/(no such file or directory|exec format error) \(.*\)$/m, "$1")
  );
}
