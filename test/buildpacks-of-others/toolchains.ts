// Toolchains that other people's buildpacks would download from hosts of their own: made here, from what the stack has. Each
// is an archive of the shape that the buildpack unpacks, whose programs hand over to those of the stack.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** An entry of a libbuildpack manifest or override, without its file. */
export interface Toolchain {
  readonly name: string;
  readonly version: string;
  /** Files of the archive by name: the text of a program. */
  readonly files?: Readonly<Record<string, string>>;
  /** Or a folder whose content it is, with what is left out of it. */
  readonly folder?: { readonly path: string; readonly without: readonly string[] };
}

export interface Override {
  readonly language: string;
  readonly defaults: Readonly<Record<string, string>>;
  readonly toolchains: readonly Toolchain[];
  /** The platform's own that these lead to, which the manifest asks for. */
  readonly stackToolchains?: readonly string[];
}

/** A program of the stack under another name; with what is to be said before or behind its arguments. */
export function program(target: string, behind = ""): string {
  return `#!/bin/bash\nexec ${target} "$@" ${behind}\n`;
}

const stack = "cflinuxfs4";

/** The zip of our buildpack "local toolchains" for these languages. */
export function toolchainsZip(folder: string, overrides: readonly Override[]): string {
  const root = path.join(folder, "local-toolchains");
  cpSync(path.join(import.meta.dirname, "local-toolchains"), root, { recursive: true });
  const document = Object.fromEntries(
    overrides.map(({ language, defaults, toolchains }) => [
      language,
      { ...versions(defaults), dependencies: entries(root, toolchains, "@BUILDPACK@/") },
    ]),
  );
  // JSON is YAML.
  writeFileSync(path.join(root, "override.yml"), JSON.stringify(document, undefined, 1));
  return zipOf(root, path.join(folder, "local-toolchains.zip"));
}

/**
 * A buildpack as an operator without internet packs it: its code, and a manifest of local files alone. `zip` is the
 * buildpack; the result is a zip below `folder`.
 */
export function repackaged(folder: string, zip: string, manifest: Override): string {
  const root = path.join(folder, `repackaged-${manifest.language}`);
  mkdirSync(root);
  execFileSync("unzip", ["-q", zip, "-d", root]);
  const document = {
    language: manifest.language,
    stack,
    ...versions(manifest.defaults),
    dependencies: entries(root, manifest.toolchains, ""),
    rivera: { toolchains: manifest.stackToolchains ?? [] },
  };
  writeFileSync(path.join(root, "manifest.yml"), JSON.stringify(document, undefined, 1));
  return zipOf(root, path.join(folder, `${manifest.language}.zip`));
}

function versions(defaults: Override["defaults"]): object {
  return {
    default_versions: Object.entries(defaults).map(([name, version]) => ({ name, version })),
  };
}

function entries(root: string, toolchains: readonly Toolchain[], prefix: string): object[] {
  mkdirSync(path.join(root, "dependencies"), { recursive: true });
  return toolchains.map((toolchain) => {
    const file = `dependencies/${toolchain.name}_${toolchain.version}.tgz`;
    pack(toolchain, path.join(root, file));
    return {
      name: toolchain.name,
      version: toolchain.version,
      // Only how it ends counts: by that the archive is unpacked.
      uri: `https://toolchains.invalid/${file}`,
      file: prefix + file,
      sha256: createHash("sha256")
        .update(readFileSync(path.join(root, file)))
        .digest("hex"),
      cf_stacks: [stack],
    };
  });
}

function pack({ files = {}, folder }: Toolchain, archive: string): void {
  if (folder !== undefined) {
    const without = folder.without.map((pattern) => `--exclude=${pattern}`);
    execFileSync("tar", ["-czf", archive, ...without, "-C", folder.path, "."], {
      env: { PATH: "/usr/bin:/bin", GZIP: "-1" },
      stdio: ["ignore", "ignore", "ignore"],
    });
    return;
  }
  const root = mkdtempSync(path.join(tmpdir(), "toolchain-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
    chmodSync(path.join(root, name), 0o755);
  }
  execFileSync("tar", ["-czf", archive, "-C", root, "."]);
  rmSync(root, { recursive: true });
}

function zipOf(root: string, zip: string): string {
  execFileSync("zip", ["-qry", zip, "."], { cwd: root });
  return zip;
}

/** The version that a program of this machine, whose `/usr` is the stack, prints; undefined where it is not there. */
export function versionOf(file: string, args: readonly string[], form: RegExp): string | undefined {
  if (!existsSync(file)) return undefined;
  const shown = execFileSync("/bin/sh", ["-c", '"$0" "$@" 2>&1', file, ...args], {
    encoding: "utf8",
  });
  return form.exec(shown)?.[1];
}
