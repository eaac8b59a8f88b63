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

/** One spelling for the many that pip takes for the same project. */
function pythonPackage(
  name: string,
  version: string | undefined,
  evidence: FoundPackage["evidence"],
): FoundPackage {
  const normal = name.replaceAll(/[-_.]+/g, "-").toLowerCase();
  return { ecosystem: "pypi", namespace: undefined, name: normal, version, evidence };
}
