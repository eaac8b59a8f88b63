import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { runChecked } from "#kernel/process/run-command.ts";
import { caBundlePath } from "./stack-paths.ts";

/**
 * The default stack is put together from the host: a small folder (this skeleton) as the lowest layer, and the host's
 * `/usr` bound read-only over its `usr`. It is an allow-list: nothing of the host's `/home`, `/root`, `/var` or `/opt`,
 * no secret and no account of it can appear.
 */
const formatVersion = 4;

/** On a merged-usr host links into `/usr`; else directories of their own, which are bound like `/usr`. */
const systemFolders = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

const emptyFolders = [
  "usr",
  "proc",
  "sys",
  "dev",
  "etc/ssl/certs",
  "etc/apt/apt.conf.d",
  "etc/apt/preferences.d",
  "home/vcap",
  "tmp/lifecycle",
  "run/lock",
  "var/tmp",
  "var/lib/nginx",
  "var/log",
  "var/cache",
  "etc/cf-assets",
  "opt",
  "root",
  "mnt",
  "srv",
];

const modes: readonly (readonly [string, number])[] = [
  ["tmp", 0o1777],
  ["var/tmp", 0o1777],
  ["run/lock", 0o1777],
  // The distribution's nginx makes its temporary folders here, whatever its configuration says of the rest.
  ["var/lib/nginx", 0o1777],
  ["root", 0o700],
];

const links: readonly (readonly [string, string])[] = [
  ["var/run", "/run"],
  ["var/lock", "/run/lock"],
  ["app", "/home/vcap/app"],
  ["etc/mtab", "/proc/mounts"],
];

/**
 * Patterns below the host's `/etc`. Never accounts, keys, machine identity, or package managers' settings: of apt only
 * where packages come from and the public keys that sign them, for buildpacks that take some.
 */
const copiedFromEtc = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "ssl/certs",
  "ssl/openssl.cnf",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "nsswitch.conf",
  "localtime",
  "timezone",
  "protocols",
  "services",
  "mime.types",
  "bash.bashrc",
  "profile",
  "profile.d",
  "inputrc",
  "shells",
  "debian_version",
  "os-release",
  "lsb-release",
  "gai.conf",
  "host.conf",
  "magic",
  "perl",
  "python3*",
  "java-*-openjdk",
  "fonts",
  "ImageMagick-*",
  "terminfo",
  "locale.alias",
  "default/locale",
  "nginx/mime.types",
  "maven/m2.conf",
  "maven/logging",
  "apt/sources.list",
  "apt/sources.list.d/*.list",
  "apt/sources.list.d/*.sources",
  "apt/trusted.gpg.d/*",
  "apt/keyrings/*",
];

/** What apt takes for installed: without it every package would bring a C library of its own. */
const packageStatus = "/var/lib/dpkg/status";

const passwd = `root:x:0:0:root:/root:/usr/sbin/nologin
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
vcap:x:2000:2000:vcap:/home/vcap:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;

const group = `root:x:0:
daemon:x:1:
tty:x:5:
vcap:x:2000:
nogroup:x:65534:
`;

export interface HostStack {
  /** The folder that is the lowest layer. */
  readonly rootfs: string;
  /** Folders of the host to bind at the same place. */
  readonly hostFolders: readonly string[];
}

/** Makes the skeleton below `folder`, or finds the one made for the same host; complete or absent. */
export async function hostStack(folder: string): Promise<HostStack> {
  const separate = systemFolders.filter(
    (name) => existsSync(`/${name}`) && !lstatSync(`/${name}`).isSymbolicLink(),
  );
  const hostFolders = ["/usr", ...separate.map((name) => `/${name}`)];
  const entries = globSync(copiedFromEtc, { cwd: "/etc" })
    .filter((entry) => !holdsCredentials(entry))
    .sort();
  const rootfs = path.join(folder, skeletonKey(entries));
  if (!existsSync(rootfs)) {
    const unfinished = `${rootfs}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    await makeSkeleton(unfinished, entries);
    renameSync(unfinished, rootfs);
  }
  return { rootfs, hostFolders };
}

async function makeSkeleton(rootfs: string, entries: readonly string[]): Promise<void> {
  mkdirSync(rootfs, { recursive: true, mode: 0o755 });
  for (const name of emptyFolders) mkdirSync(path.join(rootfs, name), { recursive: true });
  for (const name of systemFolders) {
    if (!existsSync(`/${name}`)) continue;
    if (lstatSync(`/${name}`).isSymbolicLink()) {
      symlinkSync(readlinkSync(`/${name}`), path.join(rootfs, name));
    } else {
      mkdirSync(path.join(rootfs, name));
    }
  }
  for (const [name, target] of links) symlinkSync(target, path.join(rootfs, name));
  if (entries.length > 0) {
    // `./` keeps a name that begins with a dash from being an option.
    const sources = entries.map((entry) => `./${entry}`);
    await runChecked(
      "cp",
      ["-a", "--no-preserve=ownership", "--parents", "-t", path.join(rootfs, "etc"), ...sources],
      { cwd: "/etc" },
    );
  }
  // Newer distributions keep theirs in sources.list.d alone; Cloud Foundry's apt buildpack copies this one.
  writeFileSync(path.join(rootfs, "etc/apt/sources.list"), "", { flag: "a" });
  if (existsSync(packageStatus)) {
    mkdirSync(path.join(rootfs, path.dirname(packageStatus)), { recursive: true });
    copyFileSync(packageStatus, path.join(rootfs, packageStatus));
  }
  writeFileSync(path.join(rootfs, "etc/passwd"), passwd);
  writeFileSync(path.join(rootfs, "etc/group"), group);
  // Places that files are bound over: a container's root may not make them in a lower layer.
  for (const name of ["etc/hosts", "etc/resolv.conf", "etc/hostname", caBundlePath.slice(1)]) {
    writeFileSync(path.join(rootfs, name), "", { flag: "a" });
  }
  for (const [name, mode] of modes) chmodSync(path.join(rootfs, name), mode);
}

/** A list of package sources may name a user and a password in an address: such a list stays the host's. */
function holdsCredentials(entry: string): boolean {
  if (!entry.startsWith("apt/sources.list")) return false;
  return /:\/\/[^/\s]*@/.test(readFileSync(path.join("/etc", entry), "utf8"));
}

/** Changes whenever the skeleton would come out different. */
function skeletonKey(entries: readonly string[]): string {
  const facts = {
    formatVersion,
    emptyFolders,
    links,
    passwd,
    group,
    systemFolders: systemFolders.map((name) => [name, linkOf(`/${name}`)]),
    packageStatus: lstatSync(packageStatus, { throwIfNoEntry: false })?.mtimeMs,
    entries: entries.map((entry) => [entry, lstatSync(path.join("/etc", entry)).mtimeMs]),
  };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
