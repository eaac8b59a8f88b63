import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { randomGuids } from "#kernel/guid.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import { type ContainerRuntime, UnsafeArchive } from "../container-runtime.ts";
import { createContainer, outcome, shell, tarOf } from "./contract-container.ts";

export function layerTests(open: () => Promise<ContainerRuntime>, dataDir: string): void {
  void test("a layer below /tmp may be renamed and rewritten, and the next container finds it as it was", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const layer = await runtime.unpack({
      key: randomGuids(),
      archive,
      owner: "vcap",
      below: "/tmp/app",
    });
    // As a builder does it: a plain rename where the runtime promises one, else a copy.
    const move = runtime.description.renamesLayers
      ? "perl -e 'rename $ARGV[0], $ARGV[1] or die $!' /tmp/app /tmp/contents/app"
      : "mv /tmp/app /tmp/contents/app";
    const script = `set -e; cd /; mkdir /tmp/contents; echo more >> /tmp/app/app/start; ${move}; test ! -e /tmp/app
      stat -c %U /tmp/contents/app/app; cat /tmp/contents/app/app/start; rm -r /tmp/contents`;

    const one = await createContainer(runtime, { layers: [layer] });
    const [stdout, stderr] = await outcome(await one.run(shell(script)));
    const two = await createContainer(runtime, { layers: [layer] });
    const [again] = await outcome(await two.run(shell("stat -c %a /tmp; cat /tmp/app/app/start")));

    assert.equal(stderr, "");
    assert.equal(stdout, "vcap\nstarted\nmore\n");
    assert.equal(again, "1777\nstarted\n");
  });
}

export function unpackTests(open: () => Promise<ContainerRuntime>, dataDir: string): void {
  void test("unpack() makes a layer that appears at its place, owned by vcap and writable", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const layer = await runtime.unpack({
      key: randomGuids(),
      archive,
      owner: "vcap",
      below: "/home/vcap",
    });

    const container = await createContainer(runtime, { layers: [layer] });
    const script = "stat -c '%U' ~/app/start && cat ~/app/start && mv ~/app ~/renamed && ls -d ~/*";
    const [stdout, stderr] = await outcome(await container.run(shell(script)));

    assert.equal(stderr, "");
    assert.equal(stdout, "vcap\nstarted\n/home/vcap/logs\n/home/vcap/renamed\n/home/vcap/tmp\n");
  });

  void test("unpack() gives the same folder for the same key, and two containers share it", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const request = { key: randomGuids(), archive, owner: "vcap", below: "/home/vcap" } as const;
    const [first, second] = await Promise.all([runtime.unpack(request), runtime.unpack(request)]);

    const one = await createContainer(runtime, { layers: [first] });
    const two = await createContainer(runtime, { layers: [second] });
    await outcome(await one.run(shell("echo changed > ~/app/start")));
    const [stdout] = await outcome(await two.run(shell("cat ~/app/start")));

    assert.equal(first, second);
    assert.equal(stdout, "started\n");
  });

  void test("unpack() makes what a bind shows, which nobody inside may change", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const source = await runtime.unpack({ key: randomGuids(), archive, owner: "root", below: "/" });

    const container = await createContainer(runtime, {
      binds: [{ source, destination: "/tmp/buildpacks/one" }],
    });
    const script = "cat /tmp/buildpacks/one/app/start; echo x > /tmp/buildpacks/one/app/start";
    const [stdout, , exit] = await outcome(await container.run(shell(script)));

    assert.equal(stdout, "started\n");
    assert.notEqual(exit.status, 0);
  });

  void test("unpack() refuses an archive that reaches outside, and leaves nothing of it", async () => {
    const runtime = await open();
    const outside = path.join(dataDir, "outside");
    const archive = path.join(dataDir, `${randomGuids()}.tar`);
    writeFileSync(
      archive,
      await buffer(tarOf(`../../${path.basename(outside)}`, Buffer.from("x"), 0o644)),
    );
    const request = { key: randomGuids(), archive, owner: "vcap", below: "/home/vcap" } as const;

    await assert.rejects(runtime.unpack(request), UnsafeArchive);
    await assert.rejects(runtime.unpack(request), UnsafeArchive);
  });

  void test("pruneUnpacked() keeps what it is told to, and what a container uses", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const unpack = (key: string) =>
      runtime.unpack({ key, archive, owner: "vcap", below: "/home/vcap" });
    const kept = await unpack("kept");
    const used = await unpack("used");
    await unpack("unused");
    const container = await createContainer(runtime, { layers: [used] });

    await runtime.pruneUnpacked(new Set(["kept"]));

    const [stdout] = await outcome(await container.run(shell("cat ~/app/start")));
    assert.equal(stdout, "started\n");
    writeFileSync(archive, "no archive");
    assert.equal(await unpack("kept"), kept);
    await assert.rejects(unpack("unused"));
  });
}

async function dropletArchive(dataDir: string): Promise<string> {
  const folder = path.join(dataDir, `droplet-${randomGuids()}`);
  mkdirSync(path.join(folder, "app"), { recursive: true });
  writeFileSync(path.join(folder, "app/start"), "started\n");
  const archive = `${folder}.tgz`;
  await runChecked("tar", ["-czf", archive, "-C", folder, "./app"]);
  return archive;
}
