import { execFileSync } from "node:child_process";

export interface Row {
  readonly title: string;
  readonly version: string;
  readonly setUp: string;
  readonly outcome: string;
}

/** What the zip's VERSION says; "none given" where it has none. */
export function versionOfZip(zip: string): string {
  try {
    return execFileSync("unzip", ["-p", zip, "VERSION"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "none given";
  }
}

/** docs/conformance-buildpacks.md: only what has run. */
export function conformanceTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ title, version, setUp, outcome }) => `| ${title} | ${version} | ${setUp} | ${outcome} |`,
  );
  return `# Other people's buildpacks

Written by \`test/buildpacks-of-others\`, from the run that it tells of. Each was uploaded with \`cf create-buildpack\`; an app was pushed with it
by the official client, staged and served in real containers, and pushed again with the cache of the first time. Code of the buildpacks
is unmodified throughout. How their zips are made, and which others do not run and why, is told in [its README](../test/buildpacks-of-others/README.md).

| buildpack | version | set-up | outcome |
| --- | --- | --- | --- |
${lines.join("\n")}
`;
}
