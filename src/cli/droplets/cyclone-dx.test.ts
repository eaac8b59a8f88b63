import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { dropletArchive } from "../testing/droplet-archive.ts";
import { cycloneDxBom } from "./cyclone-dx.ts";
import { readDroplet } from "./read-droplet.ts";

const now = new Date("2026-03-01T10:00:00Z");
const generator = { name: "rivera", version: "0.1.0" };
const subject = {
  name: "my-app",
  guid: "5f0c2f9e-8a35-4d64-9d3e-1d1c9d1c0c55",
  stack: "cflinuxfs4",
  sha256: "ab".repeat(32),
};

async function bomOf(files: Parameters<typeof dropletArchive>[0], withFiles: boolean) {
  const contents = await readDroplet(Readable.from([dropletArchive(files)]), "droplet.tgz");
  return cycloneDxBom(contents, { subject, generator, now, withFiles });
}

const files = [
  { path: "deps/0/config.yml", content: `name: nodejs\nversion: "1.8.2"\n` },
  { path: "deps/1/config.yml", content: "name: nodejs\n" },
  { path: "app/requirements.txt", content: "flask\n" },
  { path: "app/lib/made-1.0.jar", content: "no zip" },
  { path: "app/link", linkTarget: "lib" },
  {
    path: "app/composer.lock",
    content: JSON.stringify({
      packages: [
        { name: "a/b", version: "1.0" },
        { name: "\u001b[31m/\u0000", version: "1 2\n\u202e" },
      ],
    }),
  },
  { path: "app/\u001b]0;title\u0007 \u009b31m", content: "odd name" },
];

test("the document is what the schema of CycloneDX 1.6 asks for, with hostile names and files too", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  const bom = await bomOf(files, true);

  assert.deepEqual(await validator.validate(JSON.stringify(bom)), null);
  const references = [bom.metadata.component, ...bom.components].map((it) => it["bom-ref"]);
  assert.equal(new Set(references).size, references.length, "references are unique");
});

test("the document names the droplet, its buildpacks in order, and its packages with their URLs", async () => {
  const { metadata, components, dependencies } = await bomOf(files, false);

  assert.equal(metadata.timestamp, "2026-03-01T10:00:00.000Z");
  assert.equal(metadata.component.name, "my-app");
  assert.equal(metadata.component.version, subject.guid);
  assert.deepEqual(metadata.component.hashes, [{ alg: "SHA-256", content: subject.sha256 }]);
  const property = (name: string) =>
    metadata.component.properties?.find((each) => each.name === `rivera:droplet:${name}`)?.value;
  assert.equal(property("stack"), "cflinuxfs4");
  assert.equal(property("files"), "7");
  assert.match(property("unread") ?? "", /made-1\.0\.jar cannot be read/);
  assert.deepEqual(
    components.slice(0, 2).map(({ name, version }) => [name, version]),
    [
      ["nodejs", "1.8.2"],
      ["nodejs", undefined],
    ],
  );
  const flask = components.find(({ name }) => name === "flask");
  assert.equal(flask?.purl, "pkg:pypi/flask");
  assert.deepEqual(flask.evidence, { occurrences: [{ location: "app/requirements.txt" }] });
  const [first] = dependencies;
  assert.ok(first !== undefined && "dependsOn" in first);
  assert.deepEqual([first.ref, first.dependsOn.length], ["droplet", components.length]);
});

test("files are components with size and checksum where they are asked for", async () => {
  const { components } = await bomOf(files, true);

  const listed = components.filter(({ type }) => type === "file");
  assert.equal(listed.length, files.length);
  const odd = listed.find(({ name }) => name.includes("title"));
  assert.deepEqual(odd?.properties, [{ name: "rivera:file:bytes", value: "8" }]);
  assert.equal(odd?.hashes?.[0]?.content.length, 64);
});
