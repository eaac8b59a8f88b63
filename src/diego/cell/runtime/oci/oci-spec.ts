import type { ContainerLimits, ProcessSpec, ReadOnlyBind } from "../container-runtime.ts";
import { idsPerContainer } from "../network/addresses.ts";
import type { StackUser } from "../stack/users.ts";
import { seccompProfile } from "./seccomp.ts";

/** What one container's `config.json` depends on. */
export interface ContainerLayout {
  readonly hostname: string;
  readonly cgroup: string;
  readonly rootfs: string;
  /**
   * "vcap": an ordinary user's own id is that of vcap inside, and there is no other. Such a user can make neither a
   * control group nor a network that leads anywhere, so that the limits are left out and the network is the host's.
   */
  readonly idMap: IdMap | "vcap";
  readonly limits: ContainerLimits;
  /** Folders of the host bound at the same place, `/usr` first. */
  readonly hostFolders: readonly string[];
  readonly folderBinds: readonly ReadOnlyBind[];
  readonly fileBinds: readonly ReadOnlyBind[];
  readonly arch: string;
}

/**
 * How ids inside become ids of the host. "idmapped": 0 to 65,535 -> base and up, layers on disk idmapped at the mount.
 * "split": the same, but vcap is 2000 on the host too, for kernels that cannot idmap a layer.
 */
export interface IdMap {
  readonly kind: "idmapped" | "split";
  readonly base: number;
}

const vcap = 2000;

export function hostIdOf(map: IdMap, id: number): number {
  return map.kind === "split" && id === vcap ? vcap : map.base + id;
}

const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/key-users",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/interrupts",
  "/proc/config.gz",
  "/proc/kallsyms",
  "/proc/kmsg",
  "/proc/cmdline",
  "/proc/swaps",
  "/proc/diskstats",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
  "/sys/kernel",
  "/sys/fs/bpf",
  "/sys/block",
  "/sys/module",
];

const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** With SIGCHLD ignored the kernel reaps what is left to the init; it needs to run no more than this once. */
const initCommand = ["/bin/sh", "-c", "trap '' CHLD; exec sleep 2147483647"];

const noCapabilities = {
  bounding: [],
  effective: [],
  permitted: [],
  inheritable: [],
  ambient: [],
};

/** A killed app frees memory, a killed init ends the container with no app to blame. */
const appOomScore = 500;

export function containerConfig(layout: ContainerLayout): object {
  const mappings = mappingsOf(layout.idMap);
  const isRootless = layout.idMap === "vcap";
  const id = isRootless ? vcap : 0;
  const namespaces = ["pid", "ipc", "uts", "mount", "user", ...(isRootless ? [] : ["network"])];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: id, gid: id },
      args: initCommand,
      env: ["PATH=/usr/bin:/bin"],
      cwd: "/",
      capabilities: noCapabilities,
      rlimits: rlimits(1024),
      noNewPrivileges: true,
    },
    root: { path: layout.rootfs, readonly: false },
    hostname: layout.hostname,
    mounts: mounts(layout),
    linux: {
      ...(isRootless ? {} : { cgroupsPath: layout.cgroup, resources: resources(layout.limits) }),
      namespaces: namespaces.map((type) => ({ type })),
      uidMappings: mappings,
      gidMappings: mappings,
      rootfsPropagation: "private",
      // Without a network of its own it has no right to a /sys either.
      maskedPaths: maskedPaths.filter((file) => !isRootless || !file.startsWith("/sys/")),
      readonlyPaths,
      seccomp: seccompProfile(layout.arch),
    },
  };
}

export interface ProcessLayout {
  readonly spec: Pick<ProcessSpec, "path" | "args" | "env" | "dir" | "nofile">;
  readonly user: StackUser;
  readonly defaultPath: string;
  /** The cell's own hard limit of open files: nothing may ask for more. */
  readonly nofileMax: number;
}

const defaultNofile = 16_384;

export function processConfig({ spec, user, defaultPath, nofileMax }: ProcessLayout): object {
  const given = new Map(spec.env.map(({ name, value }) => [name, value]));
  for (const [name, value] of [
    ["PATH", defaultPath],
    ["USER", user.name],
    ["HOME", user.home],
  ] as const) {
    if (!given.has(name)) given.set(name, value);
  }
  return {
    terminal: false,
    user: { uid: user.uid, gid: user.gid, umask: 0o022 },
    args: [spec.path, ...spec.args],
    env: [...given].map(([name, value]) => `${name}=${value}`),
    cwd: spec.dir === "" ? user.home : spec.dir,
    capabilities: noCapabilities,
    rlimits: rlimits(Math.min(spec.nofile ?? defaultNofile, nofileMax)),
    noNewPrivileges: true,
    oomScoreAdj: appOomScore,
  };
}

function rlimits(nofile: number): object[] {
  return [
    // Soft and hard alike: programs that close or select over all descriptors see the true bound.
    { type: "RLIMIT_NOFILE", soft: nofile, hard: nofile },
    { type: "RLIMIT_CORE", soft: 0, hard: 0 },
    { type: "RLIMIT_MEMLOCK", soft: 65_536, hard: 65_536 },
    { type: "RLIMIT_MSGQUEUE", soft: 819_200, hard: 819_200 },
  ];
}

function mappingsOf(map: ContainerLayout["idMap"]): object[] {
  // 0: the one id as it is called where the runtime runs.
  if (map === "vcap") return [{ containerID: vcap, hostID: 0, size: 1 }];
  const { kind, base } = map;
  if (kind === "idmapped") return [{ containerID: 0, hostID: base, size: idsPerContainer }];
  return [
    { containerID: 0, hostID: base, size: vcap },
    { containerID: vcap, hostID: vcap, size: 1 },
    { containerID: vcap + 1, hostID: base + vcap + 1, size: idsPerContainer - vcap - 1 },
  ];
}

function resources(limits: ContainerLimits): object {
  return {
    devices: [{ allow: false, access: "rwm" }],
    ...(limits.memoryBytes === 0
      ? {}
      : // Equal: no swap on top of the memory.
        { memory: { limit: limits.memoryBytes, swap: limits.memoryBytes } }),
    ...(limits.pids === 0 ? {} : { pids: { limit: limits.pids } }),
    ...(limits.cpuShares === 0 ? {} : { cpu: { shares: limits.cpuShares } }),
  };
}

const sysMount = {
  destination: "/sys",
  type: "sysfs",
  source: "sysfs",
  options: ["nosuid", "noexec", "nodev", "ro"],
};

function mounts(layout: ContainerLayout): object[] {
  return [
    {
      destination: "/proc",
      type: "proc",
      source: "proc",
      options: ["nosuid", "noexec", "nodev"],
    },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=16m"],
    },
    ...(layout.idMap === "vcap" ? [] : [sysMount]),
    ...[
      ...layout.hostFolders.map((folder) => ({ source: folder, destination: folder })),
      ...layout.folderBinds,
    ].map((bind) => mountOf(bind, folderOptions)),
    ...layout.fileBinds.map((bind) => mountOf(bind, fileOptions)),
  ];
}

// `rro` makes what is mounted below the source read-only too; with `ro` alone runc leaves that writable.
const folderOptions = ["rbind", "rro", "nosuid", "nodev"];
// crun takes the target of a recursive bind for a folder.
const fileOptions = ["bind", "ro", "nosuid", "nodev"];

function mountOf({ source, destination }: ReadOnlyBind, options: readonly string[]): object {
  return { destination, type: "none", source, options };
}
