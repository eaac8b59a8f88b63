import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { dropletArchive } from "#cli/testing/droplet-archive.ts";
import { readDropletFile } from "./droplet-file.ts";

test("a droplet tells its start commands, and what is none is told apart", async () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-droplet-"));
  const write = (name: string, content: Buffer | string) => {
    const file = path.join(folder.path, name);
    writeFileSync(file, content);
    return file;
  };
  const droplet = write(
    "good.tgz",
    dropletArchive([
      {
        path: "staging_info.yml",
        content: '{"detected_buildpack":"Go","start_command":"./bin/app"}',
      },
      { path: "app/Procfile", content: "worker: ./bin/worker" },
    ]),
  );
  assert.deepEqual(
    (await readDropletFile(droplet, folder.path)).commands,
    new Map([
      ["web", "./bin/app"],
      ["worker", "./bin/worker"],
    ]),
  );

  const cases = [
    [write("empty.tgz", ""), /as a droplet/],
    [write("text.tgz", "# Read me\n".repeat(100)), /as a droplet/],
    [
      write("cut.tgz", dropletArchive([{ path: "app/a", content: "x" }]).subarray(0, 40)),
      /as a droplet/,
    ],
    [
      write("other.tgz", dropletArchive([{ path: "etc/passwd", content: "x" }])),
      /is no droplet: it holds neither staging_info.yml nor a folder 'app'/,
    ],
    [folder.path, /is a folder, and no droplet. Make one of it with: rivera stage/],
  ] as const;
  for (const [file, message] of cases) {
    await assert.rejects(readDropletFile(file, folder.path), { name: "Failure", message }, file);
  }
});
