import assert from "node:assert/strict";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";
import { randomGuids } from "#kernel/guid.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import type { ContainerRuntime } from "../container-runtime.ts";
import { createContainer, outcome, shell } from "../contract/contract-container.ts";
import { openRealRuntime, realRuntimes, reasonToSkip } from "./real-runtimes.ts";

const mebibyte = 1024 ** 2;

for (const name of realRuntimes) {
  describe(`the disk of a container by ${name}`, { skip: reasonToSkip(name) }, () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-disk-"));
    let runtime: ContainerRuntime;

    before(async () => {
      runtime = await openRealRuntime(name, dataDir);
    });
    after(async () => {
      await Promise.all((await runtime.containers()).map((container) => container.destroy()));
      await runtime[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test("ends at its limit for every way to write, and has room again once files are gone", async () => {
      assert.ok(runtime.description.enforced.includes("disk"), runtime.description.notes.join());
      const [full, neighbour] = await Promise.all([
        createContainer(runtime, { limits: limitsWith(32 * mebibyte) }),
        createContainer(runtime, { limits: limitsWith(32 * mebibyte) }),
      ]);

      const [stdout, stderr, exit] = await outcome(
        await full.run(
          shell(`
            fallocate -l 40M /tmp/reserved 2>/dev/null && echo reserved
            rm /tmp/reserved
            truncate -s 1G /tmp/sparse && dd if=/dev/zero of=/tmp/sparse bs=1M seek=512 count=20 conv=notrunc 2>/dev/null
            head -c 64M /dev/zero > ~/file; echo $?
            exit 4
          `),
        ),
      );

      assert.equal(stdout, "1\n");
      assert.match(stderr, /No space left on device/);
      assert.equal(exit.status, 4);
      const usage = await full.fullDisk();
      assert.equal(usage?.limitBytes, 32 * mebibyte);
      assert.ok(usage.usedBytes > 31 * mebibyte && usage.usedBytes <= 32 * mebibyte);
      const [beside] = await outcome(
        await neighbour.run(shell("head -c 20M /dev/zero > ~/file && stat -c %s ~/file")),
      );
      assert.equal(beside, `${20 * mebibyte}\n`);
      assert.equal(await neighbour.fullDisk(), undefined);

      await outcome(await full.run(shell("rm ~/file /tmp/sparse")));
      assert.equal(await full.fullDisk(), undefined);
    });

    test("is taken by what lies in its layers too", async () => {
      const layer = await runtime.unpack({
        key: randomGuids(),
        archive: await archiveOf(dataDir, 3 * mebibyte),
        owner: "vcap",
        below: "/home/vcap",
      });
      const container = await createContainer(runtime, {
        layers: [layer],
        limits: limitsWith(8 * mebibyte),
      });

      const [stdout] = await outcome(
        await container.run(
          shell("stat -c %s ~/app/file; head -c 8M /dev/zero > ~/more; stat -c %s ~/more"),
        ),
      );

      const [inLayer, written] = stdout.trim().split("\n").map(Number);
      assert.equal(inLayer, 3 * mebibyte);
      assert.ok(Number(written) > 4 * mebibyte && Number(written) <= 5 * mebibyte, stdout);
      await assert.rejects(
        createContainer(runtime, { layers: [layer], limits: limitsWith(2 * mebibyte) }),
        /disk quota exceeded: its files take 31\d\d\d\d\d bytes, its limit is 2097152/,
      );
    });

    test("leaves with its container, however many files are in it", async () => {
      const container = await createContainer(runtime, { limits: limitsWith(64 * mebibyte) });
      await outcome(await container.run(shell("cd ~; seq 2000 | xargs touch")));
      assert.equal(backingFiles(container.handle).length, 1);

      await container.destroy();

      await until(() => globSync(`${dataDir}/trash/*`).length === 0);
      await until(() => backingFiles(container.handle).length === 0);
      assert.doesNotMatch(
        readFileSync("/proc/self/mountinfo", "utf8"),
        new RegExp(container.handle),
      );
    });
  });
}

function limitsWith(diskBytes: number) {
  return { memoryBytes: 128 * mebibyte, pids: 50, cpuShares: 100, diskBytes };
}

async function archiveOf(dataDir: string, bytes: number): Promise<string> {
  const folder = path.join(dataDir, randomGuids());
  mkdirSync(path.join(folder, "app"), { recursive: true });
  writeFileSync(path.join(folder, "app/file"), Buffer.alloc(bytes, 1));
  await runChecked("tar", ["-czf", `${folder}.tgz`, "-C", folder, "./app"]);
  return `${folder}.tgz`;
}

/** What loop devices hold of it, deleted or not. */
function backingFiles(handle: string): string[] {
  return globSync("/sys/devices/virtual/block/loop*/loop/backing_file").filter((file) => {
    try {
      return readFileSync(file, "utf8").includes(handle);
    } catch {
      return false;
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 3_000, "it did not come true in a minute");
    await passed(20);
  }
}
