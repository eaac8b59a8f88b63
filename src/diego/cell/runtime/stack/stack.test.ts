import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { importStack, StackImportError } from "./import-stack.ts";
import { importToolchain, ToolchainImportError } from "./import-toolchain.ts";
import { hostStack } from "./skeleton.ts";
import { findUser } from "./users.ts";

const folder = mkdtempSync(path.join(tmpdir(), "rivera-stack-"));
after(() => rmSync(folder, { recursive: true }));
const skip = process.getuid?.() === 0 ? false : "the owners of a root file system need root";

test("hostStack() makes a skeleton with vcap and without an account or secret of the host", async () => {
  const stack = await hostStack(path.join(folder, "skeletons"));
  const again = await hostStack(path.join(folder, "skeletons"));

  assert.deepEqual(again, stack);
  assert.ok(stack.hostFolders.includes("/usr"));
  const etc = path.join(stack.rootfs, "etc");
  assert.equal(findUser(readFileSync(path.join(etc, "passwd"), "utf8"), "vcap")?.uid, 2000);
  for (const name of ["shadow", "sudoers", "machine-id", "ssh", "ssl/private"]) {
    assert.ok(!existsSync(path.join(etc, name)), name);
  }
  assert.deepEqual(globSync(`${stack.rootfs}/{root,opt/*,home/*,var/log}/*`), []);
  // Of /var only what apt takes for installed, where the host has it; and a place for nginx to write to.
  const ofVar = globSync("var/lib/**/*", { cwd: stack.rootfs }).filter(
    (name) => name !== "var/lib/dpkg" && name !== "var/lib/nginx",
  );
  assert.equal(statSync(path.join(stack.rootfs, "var/lib/nginx")).mode & 0o7777, 0o1777);
  assert.deepEqual(ofVar, existsSync("/var/lib/dpkg/status") ? ["var/lib/dpkg/status"] : []);
  assert.equal(statSync(path.join(stack.rootfs, "tmp")).mode & 0o7777, 0o1777);
});

test("importStack() unpacks a root file system and replaces the one before", { skip }, async () => {
  const dataDir = path.join(folder, "stacks");
  const first = await importStack({ dataDir, name: "mine", tarball: rootfs("first") });
  const second = await importStack({ dataDir, name: "mine", tarball: rootfs("second") });

  assert.equal(second, first);
  assert.equal(readFileSync(path.join(second, "etc/release"), "utf8"), "second");
  assert.equal(statSync(path.join(second, "home/vcap")).uid, 2000);
  assert.deepEqual(globSync(`${dataDir}/{.*,*}`), [second]);
});

test("importStack() refuses what is no stack, and leaves nothing of it", { skip }, async () => {
  const dataDir = path.join(folder, "refused");
  const withoutVcap = rootfs("x", { passwd: "root:x:0:0::/root:/bin/sh\n" });
  const linkedPasswd = rootfs("y", { passwd: undefined });

  const attempt = (name: string, tarball: string) => importStack({ dataDir, name, tarball });
  await assert.rejects(attempt("mine", withoutVcap), /no user vcap/);
  await assert.rejects(attempt("mine", linkedPasswd), /no \/etc\/passwd/);
  await assert.rejects(attempt("../mine", withoutVcap), StackImportError);
  await assert.rejects(attempt("mine", path.join(folder, "nothing")), /there is no file/);
  assert.deepEqual(globSync(`${dataDir}/{.*,*}`), []);
});

test("importToolchain() takes an archive as its maker packs it, and replaces the one before", async () => {
  const dataDir = path.join(folder, "toolchains");
  const bare = toolchain({ "bin/tool": "first" });
  const nested = toolchain({ "jdk-17/bin/tool": "second", "jdk-17/lib/x": "" });

  const first = await importToolchain({ dataDir, name: "java", archive: bare });
  const second = await importToolchain({ dataDir, name: "java", archive: nested });

  assert.equal(second, first);
  assert.equal(statSync(first).mode & 0o777, 0o755);
  assert.equal(readFileSync(path.join(second, "bin/tool"), "utf8"), "second");
  assert.deepEqual(globSync(`${dataDir}/{.*,*}`), [second]);
});

test("importToolchain() refuses what is no toolchain, and leaves nothing of it", async () => {
  const dataDir = path.join(folder, "no-toolchains");
  const attempt = (name: string, archive: string) => importToolchain({ dataDir, name, archive });
  const outside = mkdtempSync(path.join(folder, "outside-"));
  symlinkSync("/usr/bin", path.join(outside, "bin"));

  await assert.rejects(attempt("java", toolchain({ "lib/x": "" })), /it has no folder bin/);
  await assert.rejects(attempt("java", packed(outside)), /no folder bin|UnsafeArchive|leaves/);
  await assert.rejects(attempt("../java", toolchain({ "bin/x": "" })), ToolchainImportError);
  await assert.rejects(attempt("java", path.join(folder, "nothing")), /there is no file/);
  assert.deepEqual(globSync(`${dataDir}/{.*,*}`), []);
});

test("findUser() takes accounts by whole names and skips broken lines", () => {
  const passwd = "vcapx:x:1:1::/x:/x\nvcap:x\nvcap:x:2000:2000:vcap::/bin/bash\n";

  assert.deepEqual(findUser(passwd, "vcap"), { name: "vcap", uid: 2000, gid: 2000, home: "/" });
  assert.equal(findUser(passwd, "root"), undefined);
});

function rootfs(
  release: string,
  options: { passwd: string | undefined } = { passwd: defaultPasswd },
) {
  const root = mkdtempSync(path.join(folder, "rootfs-"));
  for (const name of ["usr/bin", "etc", "home/vcap", "dev"]) {
    mkdirSync(path.join(root, name), { recursive: true });
  }
  symlinkSync("usr/bin", path.join(root, "bin"));
  for (const name of ["sh", "bash"]) writeFileSync(path.join(root, "usr/bin", name), "");
  writeFileSync(path.join(root, "etc/release"), release);
  if (options.passwd === undefined) symlinkSync("/etc/passwd", path.join(root, "etc/passwd"));
  else writeFileSync(path.join(root, "etc/passwd"), options.passwd);
  execFileSync("mkfifo", [path.join(root, "dev/initctl")]);
  execFileSync("chown", ["2000:2000", path.join(root, "home/vcap")]);
  return packed(root);
}

function toolchain(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(folder, "toolchain-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return packed(root);
}

function packed(root: string): string {
  const tarball = `${root}.tar.gz`;
  execFileSync("tar", ["-czf", tarball, "-C", root, "."]);
  return tarball;
}

const defaultPasswd = "root:x:0:0::/root:/bin/sh\nvcap:x:2000:2000::/home/vcap:/bin/bash\n";
