import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";

/**
 * The platform's pinned Node with npm and yarn, put together from their npm packages for read-only mounting at
 * /opt/node of containers whose buildpacks ask for it, so that the toolchain of apps does not change with the host's.
 */
export function assembleToolchain(options: {
  readonly nodeModules: string;
  readonly directory: string;
}): { readonly path: string; readonly nodeVersion: string } {
  const nodePackage = path.join(options.nodeModules, `node-linux-${process.arch}`);
  const versions = ["npm", "yarn"].map((name) => versionOf(path.join(options.nodeModules, name)));
  const nodeVersion = versionOf(nodePackage);
  const key = createHash("sha256")
    .update(JSON.stringify([nodeVersion, ...versions]))
    .digest("hex")
    .slice(0, 16);
  const target = path.join(options.directory, key);
  if (existsSync(target)) return { path: target, nodeVersion };
  const draft = `${target}.${process.pid}.tmp`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(path.join(draft, "bin"), { recursive: true });
  mkdirSync(path.join(draft, "lib/node_modules"), { recursive: true });
  linkOrCopy(path.join(nodePackage, "bin/node"), path.join(draft, "bin/node"));
  for (const name of ["npm", "yarn"]) {
    cpSync(path.join(options.nodeModules, name), path.join(draft, "lib/node_modules", name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  for (const [command, script] of [
    ["npm", "npm/bin/npm-cli.js"],
    ["npx", "npm/bin/npx-cli.js"],
    ["yarn", "yarn/bin/yarn.js"],
    ["yarnpkg", "yarn/bin/yarn.js"],
  ] as const) {
    symlinkSync(path.join("../lib/node_modules", script), path.join(draft, "bin", command));
  }
  takeName(draft, target);
  return { path: target, nodeVersion };
}

/** Another program that starts on the data folder may have been quicker. */
function takeName(draft: string, target: string): void {
  try {
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

function versionOf(packageDir: string): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(path.join(packageDir, "package.json"), "utf8"),
  );
  return version;
}

/** A hard link costs nothing; across file systems the 126 MB are copied. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}
