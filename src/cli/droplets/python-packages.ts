import { z } from "zod";
import {
  lockFileBytes,
  type FoundPackage,
  type NameReader,
  type PackageReader,
} from "./found-package.ts";

/** Installed distributions, by the name of their folder of metadata (`flask-3.0.3.dist-info`). */
export const installedPythonPackages: NameReader = {
  files: /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/,
  read(path) {
    const match =
      /(?:^|\/)([^/]+?)-([^/-]+)(?:-py[\d.]+)?\.(?:dist-info\/METADATA|egg-info(?:\/PKG-INFO)?)$/.exec(
        path,
      );
    const [, name, version] = match ?? [];
    if (name === undefined || version === undefined) return [];
    return [pythonPackage(name, version, "installed")];
  },
};

export const requirements: PackageReader = {
  files: /(?:^|\/)requirements\.txt$/,
  mostBytes: lockFileBytes,
  read(content) {
    return content
      .toString("utf8")
      .split("\n")
      .flatMap((line) => {
        const match =
          /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:===?\s*([\w.!+-]+)|[<>~!;#@,\\]|$)/.exec(
            line.trimEnd(),
          );
        const [, name, version] = match ?? [];
        return name === undefined ? [] : [pythonPackage(name, version, "locked")];
      });
  },
};

/** `[[package]]` tables of poetry.lock, uv.lock and pdm.lock, without what is the app's own, for development or optional. */
export const pythonLock: PackageReader = {
  files: /(?:^|\/)(?:poetry|uv|pdm)\.lock$/,
  mostBytes: lockFileBytes,
  read(content) {
    const [, ...tables] = content.toString("utf8").split(/^\[\[package\]\][ \t\r]*$/m);
    return tables.flatMap((table) => {
      // Tables of their own follow what is said of the package itself.
      const [own = ""] = table.split(/^\[/m);
      const name = tomlText(own, "name");
      const isExtra =
        /^optional = true|^category = "dev"|^source = \{ *(?:virtual|editable) /m.test(own) ||
        /^groups = \[(?!.*"(?:main|default)")/m.test(own);
      if (name === undefined || isExtra) return [];
      return [pythonPackage(name, tomlText(own, "version"), "locked")];
    });
  },
};

/** These generators write each key on a line of its own, with plain strings. */
function tomlText(table: string, key: "name" | "version"): string | undefined {
  return new RegExp(`^${key} = "([^"\\\\]+)"`, "m").exec(table)?.[1];
}

const pipfileLockSchema = z.object({
  default: z.record(z.string(), z.object({ version: z.string().optional() })),
});

/** `develop` is left out. */
export const pipfileLock: PackageReader = {
  files: /(?:^|\/)Pipfile\.lock$/,
  mostBytes: lockFileBytes,
  read(content) {
    const lock = pipfileLockSchema.parse(JSON.parse(content.toString("utf8")));
    return Object.entries(lock.default).map(([name, { version }]) =>
      pythonPackage(name, version?.replace(/^==/, ""), "locked"),
    );
  },
};

/** One spelling for the many that pip takes for the same project. */
function pythonPackage(
  name: string,
  version: string | undefined,
  evidence: FoundPackage["evidence"],
): FoundPackage {
  const normal = name.replaceAll(/[-_.]+/g, "-").toLowerCase();
  return { ecosystem: "pypi", namespace: undefined, name: normal, version, evidence };
}
