import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { claimName, folderOf, sweepNames } from "./folder-names.ts";
import { bootId, isAlive, signalProcess, startTimeOf } from "./process-identity.ts";
import { leaseRange, returnRange, shareEgress, withHostLock } from "./range-lease.ts";

let stateDir = "";

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), "rivera-host-"));
  mkdirSync(path.join(stateDir, "ranges"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

test("leaseRange() gives each data folder a range of its own, and its own again", () => {
  assert.equal(leaseRange("/data/a", 3, stateDir), 3);
  assert.equal(leaseRange("/data/b", 3, stateDir), 4);
  assert.equal(leaseRange("/data/a", 7, stateDir), 3);
  assert.equal(leaseRange("/data/c", 15, stateDir), 15);
  assert.equal(leaseRange("/data/d", 15, stateDir), 0);
});

test("leaseRange() refuses a folder that a living process uses, and a seventeenth cell", () => {
  writeLease(2, { dataDir: "/data/a", pid: process.ppid, startTime: startTimeOf(process.ppid) });
  assert.throws(() => leaseRange("/data/a", 0, stateDir), new RegExp(`process ${process.ppid}`));

  for (let i = 0; i < 15; i += 1) leaseRange(`/data/${i}`, 0, stateDir);
  assert.throws(() => leaseRange("/data/more", 0, stateDir), /all 16 ranges/);
});

test("leaseRange() takes over from a dead cell, but not while a container of it lives", () => {
  const dataDir = path.join(stateDir, "data");
  writeLease(5, { dataDir, pid: 2 ** 22 + 1, startTime: "1" });
  writeRecord(path.join(dataDir, "containers/app"), process.pid);

  assert.equal(leaseRange("/data/other", 5, stateDir), 6);
  writeRecord(path.join(dataDir, "containers/app"), 2 ** 22 + 1);
  assert.equal(leaseRange("/data/third", 5, stateDir), 5);
});

test("leaseRange() counts nothing of an earlier boot", () => {
  const me = { pid: process.ppid, startTime: startTimeOf(process.ppid) };
  writeLease(1, { dataDir: "/data/a", ...me, bootId: "another" });

  assert.equal(leaseRange("/data/b", 1, stateDir), 1);
});

test("shareEgress() gives what all cells of the host in use may reach, each once", () => {
  const proxy = { destination: "10.0.0.1", port: 3128 };
  const mirror = { destination: "10.0.0.0/24" };
  writeLease(9, { dataDir: "/data/dead", pid: 2 ** 22 + 1, startTime: "1", egress: [mirror] });
  const first = leaseRange("/data/a", 0, stateDir);
  const second = leaseRange("/data/b", 1, stateDir);
  const third = leaseRange("/data/c", 2, stateDir);

  assert.deepEqual(shareEgress(first, [proxy], stateDir), [proxy]);
  assert.deepEqual(shareEgress(second, [mirror, proxy], stateDir), [proxy, mirror]);
  assert.deepEqual(shareEgress(third, [], stateDir), [proxy, mirror]);
  returnRange(first, stateDir);
  returnRange(second, stateDir);
  assert.deepEqual(shareEgress(third, [], stateDir), []);
});

test("returnRange() tells the last one", () => {
  leaseRange("/data/a", 0, stateDir);
  leaseRange("/data/b", 0, stateDir);

  assert.equal(returnRange(0, stateDir), false);
  assert.equal(returnRange(1, stateDir), true);
});

test("withHostLock() lets one in at a time, and the next in when the first fails", async () => {
  const order: string[] = [];
  const inside = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const first = withHostLock(async () => {
    order.push("first in");
    inside.resolve();
    await release.promise;
    order.push("first out");
    throw new Error("failed");
  }, stateDir);
  await inside.promise;
  const second = withHostLock(() => order.push("second in"), stateDir);

  release.resolve();
  await assert.rejects(first, /failed/);
  await second;

  assert.deepEqual(order, ["first in", "first out", "second in"]);
});

test("names of folders stay while their cell or a container of it lives, or a lease has them, and go otherwise", async () => {
  const folderNamed = (name: string) => path.join(stateDir, "folders", name);
  const dead = { pid: 2 ** 22 + 1, startTime: "1" };
  const names = new Map(
    ["mine", "ended", "containers", "rebooted", "leased", "unclaimed", "bound"].map((whose) => [
      whose,
      claimName(folderNamed(whose), stateDir),
    ]),
  );
  const claim = (whose: string, change: object) => {
    const file = `${names.get(whose)}.json`;
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
  };
  for (const whose of ["ended", "containers", "leased", "bound"]) claim(whose, dead);
  claim("rebooted", { bootId: "another" });
  rmSync(`${names.get("unclaimed")}.json`);
  writeRecord(path.join(folderNamed("containers"), "containers/app"), process.pid);
  writeFileSync(path.join(names.get("bound") ?? "", "of a cell"), "");

  await sweepNames(stateDir, new Set([names.get("leased") ?? ""]));

  const left = [...names].filter(([, name]) => existsSync(name)).map(([whose]) => whose);
  assert.deepEqual(left, ["mine", "containers", "leased", "bound"]);
  assert.deepEqual(
    readdirSync(path.join(stateDir, "cells")).filter((file) => file.endsWith(".json")),
    left.map((whose) => `${path.basename(names.get(whose) ?? "")}.json`).sort(),
  );
});

test("a name is refused while another living process has claimed it", () => {
  const folder = path.join(stateDir, "folder");
  const name = claimName(folder, stateDir);
  assert.equal(folderOf(name), folder);
  assert.equal(claimName(folder, stateDir), name);

  const other = { pid: process.ppid, startTime: startTimeOf(process.ppid), bootId: bootId() };
  writeFileSync(`${name}.json`, JSON.stringify({ folder, ...other }));

  assert.throws(() => claimName(folder, stateDir), new RegExp(`process ${process.ppid} uses it`));
});

test("leaseRange() counts the containers of a folder that has another name", () => {
  const folder = path.join(stateDir, "closed");
  const dataDir = claimName(folder, stateDir);
  writeLease(5, { dataDir, pid: 2 ** 22 + 1, startTime: "1" });
  writeRecord(path.join(folder, "containers/app"), process.pid);

  assert.equal(leaseRange("/data/other", 5, stateDir), 6);
});

test("a pid that another process has taken over is neither alive nor signalled", async () => {
  const child = spawn("sleep", ["600"]);
  const pid = child.pid ?? 0;
  const identity = { pid, startTime: startTimeOf(pid) ?? "" };
  const stranger = { pid, startTime: "1" };

  assert.equal(isAlive(identity), true);
  assert.equal(isAlive(stranger), false);
  assert.equal(signalProcess(stranger, "SIGKILL"), false);
  assert.equal(isAlive(identity), true);
  assert.equal(signalProcess(identity, "SIGKILL"), true);
  await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(isAlive(identity), false);
});

function writeLease(
  range: number,
  lease: {
    dataDir: string;
    pid: number;
    startTime: string | undefined;
    bootId?: string;
    egress?: object[];
  },
): void {
  const file = path.join(stateDir, "ranges", `${range}.json`);
  writeFileSync(file, JSON.stringify({ bootId: bootId(), ...lease }));
}

function writeRecord(dir: string, pid: number): void {
  mkdirSync(dir, { recursive: true });
  const record = {
    handle: "app",
    runtime: "crun",
    bootId: bootId(),
    slot: 0,
    address: "10.254.0.1",
    idMap: { kind: "idmapped", base: 1 },
    cgroup: "/rivera/app",
    stack: "cflinuxfs4",
    rootfs: "/",
    layers: [],
    binds: [],
    layerBytes: 0,
    properties: {},
    createdAt: "2026-01-01T00:00:00Z",
    init: { pid, startTime: startTimeOf(pid) ?? "1" },
  };
  writeFileSync(path.join(dir, "container.json"), JSON.stringify(record));
}
