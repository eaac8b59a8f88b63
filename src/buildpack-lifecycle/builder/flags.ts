import path from "node:path";

/** What Cloud Controller tells the builder; all paths absolute. */
export interface BuilderFlags {
  readonly buildDir: string;
  /** Buildpack keys in the order to try (detection) or to run (`skipDetect`). Never empty. */
  readonly buildpackOrder: readonly string[];
  readonly skipDetect: boolean;
  readonly skipCertVerify: boolean;
  readonly outputDroplet: string;
  readonly outputMetadata: string;
  readonly outputBuildArtifactsCache: string;
  readonly buildpacksDir: string;
  readonly buildpacksDownloadDir: string;
  readonly buildArtifactsCacheDir: string;
  /**
   * The script at which a failed staging goes on, `finalize:1`: what the scripts before it left is there. Empty: from the
   * beginning. The original's builder has no such flag.
   */
  readonly resumeFrom: string;
}

export type ParsedFlags =
  | { readonly kind: "flags"; readonly flags: BuilderFlags }
  | { readonly kind: "usage"; readonly message: string };

const textDefaults: Readonly<Record<string, string>> = {
  buildArtifactsCacheDir: "/tmp/cache",
  buildDir: "/tmp/app",
  buildpackOrder: "",
  buildpacksDir: "/tmp/buildpacks",
  buildpacksDownloadDir: "/tmp/buildpackdownloads",
  credhubConnectAttempts: "3",
  credhubRetryDelay: "1s",
  outputBuildArtifactsCache: "/tmp/output-cache",
  outputDroplet: "/tmp/droplet",
  outputMetadata: "/tmp/result.json",
};

/** May be empty. */
const optionalDefaults: Readonly<Record<string, string>> = { resumeFrom: "" };

const booleanDefaults: Readonly<Record<string, string>> = {
  skipCertVerify: "false",
  skipDetect: "false",
};

const defaults = { ...textDefaults, ...optionalDefaults, ...booleanDefaults };

/** Reads the syntax of Go's flag package: `-name=value`, `--name value`, booleans with `=` or bare. */
export function parseFlags(args: readonly string[], workingDir: string): ParsedFlags {
  const values = new Map(Object.entries(defaults));
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
    // As in Go, the first argument that is no flag ends the flags.
    if (match === null) break;
    const name = match[1] ?? "";
    if (!values.has(name)) return usage(`flag provided but not defined: -${name}`);
    const value = match[2] ?? (name in booleanDefaults ? "true" : rest.shift());
    if (value === undefined) return usage(`flag needs an argument: -${name}`);
    if (!(name in booleanDefaults)) values.set(name, value);
    else if (/^(1|t|T|TRUE|true|True)$/.test(value)) values.set(name, "true");
    else if (/^(0|f|F|FALSE|false|False)$/.test(value)) values.set(name, "false");
    else return usage(`invalid boolean value "${value}" for -${name}`);
  }
  const missing = [...values]
    .filter(([name, value]) => value === "" && !(name in optionalDefaults))
    .map(([name]) => name);
  if (missing.length > 0) {
    return usage(
      missing
        .sort()
        .map((name) => `missing flag: -${name}`)
        .join(", "),
    );
  }
  const text = (name: string): string => values.get(name) ?? "";
  const absolute = (name: string): string => path.resolve(workingDir, text(name));
  return {
    kind: "flags",
    flags: {
      buildDir: absolute("buildDir"),
      buildpackOrder: text("buildpackOrder").split(","),
      skipDetect: text("skipDetect") === "true",
      skipCertVerify: text("skipCertVerify") === "true",
      outputDroplet: absolute("outputDroplet"),
      outputMetadata: absolute("outputMetadata"),
      outputBuildArtifactsCache: absolute("outputBuildArtifactsCache"),
      buildpacksDir: absolute("buildpacksDir"),
      buildpacksDownloadDir: absolute("buildpacksDownloadDir"),
      buildArtifactsCacheDir: absolute("buildArtifactsCacheDir"),
      resumeFrom: text("resumeFrom"),
    },
  };
}

function usage(problem: string): ParsedFlags {
  const lines = Object.entries(defaults)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `  -${name}${value === "" ? "" : ` (default ${value})`}`);
  return { kind: "usage", message: [problem, ...lines].join("\n") };
}
