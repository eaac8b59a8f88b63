import assert from "node:assert/strict";
import { test } from "node:test";
import {
  containerConfig,
  type ContainerLayout,
  hostIdOf,
  type IdMap,
  processConfig,
} from "./oci-spec.ts";

const idmapped: IdMap = { kind: "idmapped", base: 1_000_000_000 };
const split: IdMap = { kind: "split", base: 1_000_000_000 };
const vcap = { name: "vcap", uid: 2000, gid: 2000, home: "/home/vcap" };

test("every id inside is one id of the host, and none is an account of it but vcap in a split map", () => {
  for (const map of [idmapped, split]) {
    const config = JSON.parse(JSON.stringify(containerConfig(layout(map))));
    const mappings: { containerID: number; hostID: number; size: number }[] =
      config.linux.uidMappings;

    assert.deepEqual(config.linux.gidMappings, mappings);
    assert.equal(
      mappings.reduce((total, { size }) => total + size, 0),
      65_536,
    );
    for (const id of [0, 1, 1999, 2000, 2001, 65_535]) {
      const mapping = mappings.find(
        ({ containerID, size }) => id >= containerID && id < containerID + size,
      );
      assert.ok(mapping !== undefined);
      assert.equal(mapping.hostID + id - mapping.containerID, hostIdOf(map, id));
    }
  }
  assert.equal(hostIdOf(split, 2000), 2000);
  assert.equal(hostIdOf(idmapped, 2000), 1_000_002_000);
});

test("a limit of 0 is left out, and memory has no swap beside it", () => {
  const none = { memoryBytes: 0, pids: 0, cpuShares: 0, diskBytes: 0 };
  const some = { memoryBytes: 1024, pids: 5, cpuShares: 10, diskBytes: 1 };
  const devices = [{ allow: false, access: "rwm" }];

  assert.deepEqual(resources(none), { devices });
  assert.deepEqual(resources(some), {
    devices,
    memory: { limit: 1024, swap: 1024 },
    pids: { limit: 5 },
    cpu: { shares: 10 },
  });
});

test("a process gets what its environment lacks, and open files up to the cell's own limit", () => {
  const process = JSON.parse(
    JSON.stringify(
      processConfig({
        spec: {
          path: "/bin/app",
          args: ["a b"],
          env: [{ name: "HOME", value: "/elsewhere" }],
          dir: "",
          nofile: 50_000,
        },
        user: vcap,
        defaultPath: "/bin",
        nofileMax: 20_000,
      }),
    ),
  );

  assert.deepEqual(process.env, ["HOME=/elsewhere", "PATH=/bin", "USER=vcap"]);
  assert.deepEqual(process.args, ["/bin/app", "a b"]);
  assert.equal(process.cwd, "/home/vcap");
  assert.equal(process.noNewPrivileges, true);
  assert.deepEqual(process.rlimits[0], { type: "RLIMIT_NOFILE", soft: 20_000, hard: 20_000 });
});

test("whatever is bound is read-only, and the host's /usr comes first", () => {
  const config = JSON.parse(JSON.stringify(containerConfig(layout(idmapped))));
  const binds: { destination: string; options: string[] }[] = config.mounts.filter(
    ({ type }: { type: string }) => type === "none",
  );

  assert.deepEqual(
    binds.map(({ destination }) => destination),
    ["/usr", "/opt/node", "/etc/hosts"],
  );
  for (const { options } of binds) {
    assert.ok(options.includes("ro") || options.includes("rro"));
    assert.ok(options.includes("nosuid") && options.includes("nodev"));
  }
});

test("an ordinary user's container has the one id as vcap, the host's network, and no limit", () => {
  const limits = { memoryBytes: 1024, pids: 5, cpuShares: 10, diskBytes: 1 };
  const config = JSON.parse(JSON.stringify(containerConfig({ ...layout("vcap"), limits })));
  const namespaces: { type: string }[] = config.linux.namespaces;
  const mounts: { destination: string }[] = config.mounts;

  assert.deepEqual(config.process.user, { uid: 2000, gid: 2000 });
  assert.deepEqual(config.linux.uidMappings, [{ containerID: 2000, hostID: 0, size: 1 }]);
  assert.deepEqual(config.linux.gidMappings, config.linux.uidMappings);
  assert.equal(config.linux.resources, undefined);
  assert.equal(config.linux.cgroupsPath, undefined);
  assert.ok(!namespaces.some(({ type }) => type === "network"));
  assert.ok(!mounts.some(({ destination }) => destination === "/sys"));
});

function layout(idMap: ContainerLayout["idMap"]) {
  return {
    hostname: "app",
    cgroup: "/rivera/0-app",
    rootfs: "/rootfs",
    idMap,
    limits: { memoryBytes: 0, pids: 0, cpuShares: 0, diskBytes: 0 },
    hostFolders: ["/usr"],
    folderBinds: [{ source: "/toolchain", destination: "/opt/node" }],
    fileBinds: [{ source: "/hosts", destination: "/etc/hosts" }],
    arch: "x64",
  };
}

function resources(limits: ReturnType<typeof layout>["limits"]): unknown {
  const config = containerConfig({ ...layout(idmapped), limits });
  return JSON.parse(JSON.stringify(config)).linux.resources;
}
