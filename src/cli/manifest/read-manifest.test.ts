import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { readManifest, type ManifestSource } from "./read-manifest.ts";

function source(workingFolder: string, more: Partial<ManifestSource> = {}): ManifestSource {
  return {
    workingFolder,
    given: undefined,
    ignored: false,
    appName: "made-up",
    variableFiles: [],
    variables: [],
    ...more,
  };
}

const names = async (wanted: ManifestSource) =>
  (await readManifest(wanted)).applications.map(({ name }) => name);

test("the manifest of the working folder is found under either ending", async () => {
  await using folder = await temporaryFolder();
  assert.deepEqual(await names(source(folder.path)), ["made-up"]);

  await writeFile(path.join(folder.path, "manifest.yaml"), "applications: [{name: yaml}]");
  assert.deepEqual(await names(source(folder.path)), ["yaml"]);

  await writeFile(path.join(folder.path, "manifest.yml"), "applications: [{name: yml}]");
  assert.deepEqual(await names(source(folder.path)), ["yml"]);
  assert.deepEqual(await names(source(folder.path, { ignored: true })), ["made-up"]);
});

test("-f names a file or a folder with a manifest in it", async () => {
  await using folder = await temporaryFolder();
  const inner = path.join(folder.path, "inner");
  await mkdir(inner);
  await writeFile(path.join(inner, "other.yml"), "applications: [{name: other}]");

  assert.deepEqual(await names(source(folder.path, { given: "inner/other.yml" })), ["other"]);
  await assert.rejects(names(source(folder.path, { given: "inner" })), /does not contain a file/);
  await assert.rejects(names(source(folder.path, { given: "nope" })), /'nope' does not exist/);
});

test("variables come from files, later ones first, and --var wins", async () => {
  await using folder = await temporaryFolder();
  const app = "applications: [{name: ((name)), instances: ((n)), memory: ((m))}]";
  await writeFile(path.join(folder.path, "manifest.yml"), app);
  await writeFile(path.join(folder.path, "one.yml"), "name: one\nn: 1\nm: 1G\n");
  await writeFile(path.join(folder.path, "two.yml"), "name: two\nn: 2\n");

  const manifest = await readManifest(
    source(folder.path, { variableFiles: ["one.yml", "two.yml"], variables: ["n=5"] }),
  );

  const [first] = manifest.applications;
  assert.deepEqual([first?.name, first?.instances, first?.memory], ["two", 5, "1G"]);
});

test("a manifest that is no YAML, or has no app, is refused by its name", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "manifest.yml");
  await writeFile(file, "applications: [");
  await assert.rejects(readManifest(source(folder.path)), (error: Error) =>
    error.message.startsWith(`Unable to push app because manifest ${file} is not valid yaml.`),
  );

  await writeFile(file, "applications: []");
  await assert.rejects(readManifest(source(folder.path)), /at least one application/);

  await writeFile(file, "applications: [{name: a, instances: many}]");
  await assert.rejects(readManifest(source(folder.path)), /applications\.0\.instances/);
});
